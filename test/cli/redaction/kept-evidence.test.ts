import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buildRedactor } from '../../../cli/diagnosis/build-redactor.ts'
import { diagnose } from '../../../cli/diagnosis/diagnose.ts'
import { toDocuments } from '../../../cli/diagnosis/documents.ts'
import { absent } from '../../../cli/evidence/evidence.ts'
import { buildEvidence, type EvidenceCase } from '../rules/evidence-case.ts'
import { positives } from '../rules/positives.ts'

const findingsOf = (given: EvidenceCase) =>
  diagnose(buildEvidence(given)).findings.map(({ id, symptomOf, title }) => ({ id, symptomOf, title }))

/** A redactor that knows a password of this driver. */
const knowing = (password: string, given: EvidenceCase) =>
  buildRedactor(
    toDocuments((name) =>
      name === 'pod'
        ? { kind: 'read', value: { ...given, env: [{ name: 'DB_PASSWORD', value: password }] }, source: 'pod' }
        : absent,
    ),
  )

/** What is kept of a driver: its objects and its logs. */
function kept(given: EvidenceCase, password: string): EvidenceCase {
  const redactor = knowing(password, given)
  const texts = Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      key,
      typeof value === 'string' ? redactor.text(value) : redactor.json(value),
    ]),
  )
  return { ...given, ...texts }
}

describe('evidence kept by redaction', () => {
  for (const [index, [id, given]] of positives.entries()) {
    test(`${id} is found in what is kept (${index})`, () => {
      assert.deepEqual(findingsOf(kept(given, 'S3cr3t-Value_9x')), findingsOf(given))
    })
  }

  test('a password that is a word of the evidence takes no finding away', () => {
    const lost: string[] = []
    for (const [id, given] of positives) {
      const roots = findingsOf(given).map((finding) => finding.id)
      for (const word of new Set(JSON.stringify(given).match(/\b[A-Za-z][a-z]{2,}\b|\b[A-Z]{3,}\b/g))) {
        if (
          findingsOf(kept(given, word))
            .map((finding) => finding.id)
            .join() !== roots.join()
        )
          lost.push(`${id}: ${word}`)
      }
    }
    assert.deepEqual(lost, [])
  })
})
