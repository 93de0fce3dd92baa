import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { diagnose } from '../../../cli/diagnosis/diagnose.ts'
import { readRecordHead } from '../../../cli/log/record-head.ts'
import { scanText } from '../../../cli/log/scan.ts'
import { logMatchers } from '../../../cli/rules/catalogue.ts'
import { buildEvidence, failedWith } from '../rules/evidence-case.ts'
import { type Carrier, carriers, carryAll } from './prefixes.ts'

const data = join(import.meta.dirname, '../../data')

/** Every captured log that no collector has written. */
const logs = globSync('{crashes,field/logs}/*/driver.log', { cwd: data })
  .sort()
  .map((path) => ({ path, lines: readLines(join(data, path)) }))
  .filter(({ path, lines }) => lines.length > 0 && !/airflow-layout|cri-layout|prefix-layout|local-oom/.test(path))

function readLines(file: string): readonly string[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .replaceAll('\r\n', '\n')
    .replace(/\n$/, '')
    .split('\n')
    .filter((line) => line !== '')
}

/** What a failed driver with this log is said to have, without line numbers. */
function findings(lines: readonly string[]) {
  const { findings } = diagnose(buildEvidence({ ...failedWith(1), log: `${lines.join('\n')}\n` }))
  return findings.map(({ id, title, symptomOf, evidence }) => ({
    id,
    title,
    symptomOf,
    evidence: evidence.map(({ source, excerpt, count }) => ({ source, excerpt, count })),
  }))
}

const milestones = (lines: readonly string[]) => {
  const { lastInfoLine, records, milestones: found } = scanText(lines.join('\n'), logMatchers)
  return {
    hasInfo: lastInfoLine > 0,
    records,
    reached: Object.entries(found).flatMap(([name, at]) => (at > 0 ? [name] : [])),
  }
}

describe('prefixes of collectors, viewers and terminals', () => {
  for (const carrier of carriers) {
    test(`${carrier.name} before each line of a captured log → the findings of the bare log`, () => {
      for (const { path, lines } of logs) {
        const carried = carryAll(carrier, lines)
        assert.deepEqual(findings(carried), findings(lines), path)
        assert.deepEqual(milestones(carried), milestones(lines), path)
      }
    })
  }

  /** What occurs inside of another prefix: the runtime, kubectl and the tools that read from them. */
  const inside = carriers
    .filter(({ name }) => /^(docker|fluent-bit|Loki|kubectl|stern|Airflow|ts)/.test(name))
    .filter(({ name }) => !/^docker (compose|swarm)/.test(name))
  const certain = carriers.filter(({ isCertain }) => isCertain)
  const anyLog = fc.constantFrom(...logs)

  test('two prefixes of any kind, one around the other → the findings of the bare log', () => {
    fc.assert(
      fc.property(anyLog, fc.constantFrom(...carriers), fc.constantFrom(...inside), ({ lines }, outer, inner) => {
        const carried = carryAll(outer, carryAll(inner, lines))
        assert.deepEqual(findings(carried), findings(lines), `${outer.name} around ${inner.name}`)
      }),
      { numRuns: 150 },
    )
  })

  test('the form changes in the middle of the log → the findings of the bare log', () => {
    const bare: Carrier = { name: 'none', isCertain: true, carry: (line) => [line] }
    const any = fc.constantFrom(bare, ...certain)
    fc.assert(
      fc.property(anyLog, any, any, fc.double({ min: 0, max: 1, noNaN: true }), ({ lines }, first, second, share) => {
        // A form ends with a record: three lines do not show what they have in common, and a stack trace has no records.
        const records = lines.flatMap((line, index) =>
          index >= 4 && index <= lines.length - 4 && readRecordHead(line) !== undefined ? [index] : [],
        )
        const at = records[Math.floor(share * records.length * 0.999)]
        fc.pre(at !== undefined)
        const carried = [...carryAll(first, lines.slice(0, at)), ...carryAll(second, lines.slice(at))]
        assert.deepEqual(findings(carried), findings(lines), `${first.name}, then ${second.name}`)
      }),
      { numRuns: 150 },
    )
  })

  test('known prefixes, another one for each line → the findings of the bare log', () => {
    fc.assert(
      fc.property(
        anyLog,
        fc.array(fc.constantFrom(...certain), { minLength: 5, maxLength: 50 }),
        ({ lines }, mixed) => {
          const carried = lines.flatMap((line, index) => mixed[index % mixed.length]?.carry(line, index) ?? [])
          assert.deepEqual(findings(carried), findings(lines))
        },
      ),
      { numRuns: 100 },
    )
  })
})
