import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buildRedactor } from '../../../cli/diagnosis/build-redactor.ts'
import { diagnose } from '../../../cli/diagnosis/diagnose.ts'
import { toDocuments } from '../../../cli/diagnosis/documents.ts'
import { absent } from '../../../cli/evidence/evidence.ts'
import { buildEvidence, type EvidenceCase } from '../rules/evidence-case.ts'
import { positives } from '../rules/positives.ts'

const summarizeFindings = (evidenceCase: EvidenceCase) =>
  diagnose(buildEvidence(evidenceCase)).findings.map(({ id, symptomOf, title }) => ({ id, symptomOf, title }))

/** Creates a redactor that knows a password from the environment of this driver. */
const createRedactorWith = (password: string, evidenceCase: EvidenceCase) =>
  buildRedactor(
    toDocuments((name) =>
      name === 'pod'
        ? { kind: 'read', value: { ...evidenceCase, env: [{ name: 'DB_PASSWORD', value: password }] }, source: 'pod' }
        : absent,
    ),
  )

/** Redacts the objects and the logs of a driver. */
function redact(evidenceCase: EvidenceCase, password: string): EvidenceCase {
  const redactor = createRedactorWith(password, evidenceCase)
  const texts = Object.fromEntries(
    Object.entries(evidenceCase).map(([key, value]) => [
      key,
      typeof value === 'string' ? redactor.text(value) : redactor.json(value),
    ]),
  )
  return { ...evidenceCase, ...texts }
}

describe('evidence kept by redaction', () => {
  for (const [index, [id, evidenceCase]] of positives.entries()) {
    test(`redacted evidence of ${id} (${index}) → the same findings`, () => {
      assert.deepEqual(summarizeFindings(redact(evidenceCase, 'S3cr3t-Value_9x')), summarizeFindings(evidenceCase))
    })
  }

  test('a password that is a word of the evidence → the same findings', () => {
    const lost: string[] = []
    for (const [id, evidenceCase] of positives) {
      const roots = summarizeFindings(evidenceCase).map((finding) => finding.id)
      for (const word of new Set(JSON.stringify(evidenceCase).match(/\b[A-Za-z][a-z]{2,}\b|\b[A-Z]{3,}\b/g))) {
        if (
          summarizeFindings(redact(evidenceCase, word))
            .map((finding) => finding.id)
            .join() !== roots.join()
        )
          lost.push(`${id}: ${word}`)
      }
    }
    assert.deepEqual(lost, [])
  })
})
