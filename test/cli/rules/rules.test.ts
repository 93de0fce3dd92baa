import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { diagnose, explains, isFallbackFor } from '../../../cli/diagnosis/diagnose.ts'
import { catalogue } from '../../../cli/rules/catalogue.ts'
import { buildEvidence, failedWith, finishedJobLog, info, running, shutdownLog, warn } from './evidence-case.ts'
import { healthyDrivers, negatives } from './negatives.ts'
import { positives } from './positives.ts'
import { endedDrivers, runningDrivers } from './two-causes.ts'

const listFindingIds = (evidenceCase: Parameters<typeof buildEvidence>[0]) =>
  diagnose(buildEvidence(evidenceCase)).findings.map(({ id }) => id)

describe('rules', () => {
  for (const [index, [id, evidenceCase]] of positives.entries()) {
    test(`evidence ${index} → root cause ${id}`, () => {
      const { findings } = diagnose(buildEvidence(evidenceCase))
      const [root] = findings
      // A warning is listed after an error that it does not explain.
      if (/^SPN-CONFIG-(IGNORED|MISSPELT)-KEY$/.test(id)) assert.ok(findings.some((finding) => finding.id === id))
      else assert.equal(root?.id, id, findings.map((finding) => `${finding.id} ← ${finding.symptomOf}`).join(', '))
      for (const { evidence, remedies, title } of findings) {
        assert.ok(evidence.length > 0 && remedies.length > 0)
        assert.doesNotMatch(title, /[{}]/)
        for (const { commands, title: remedyTitle } of remedies)
          assert.doesNotMatch([...commands, remedyTitle].join(), /\{[a-z]/)
      }
    })
  }

  for (const [index, [id, why, evidenceCase]] of negatives.entries()) {
    test(`${why} (${index}) → not ${id}`, () =>
      assert.ok(!listFindingIds(evidenceCase).includes(id), listFindingIds(evidenceCase).join(', ')))
  }

  for (const [name, evidenceCase] of healthyDrivers) {
    test(`${name} → no findings`, () => assert.deepEqual(listFindingIds(evidenceCase), []))
  }

  for (const [name, evidenceCase, ...expected] of [...endedDrivers, ...runningDrivers]) {
    test(`${name} → ${expected.map(([id]) => id).join(', ') || 'no findings'}`, () => {
      const { findings } = diagnose(buildEvidence(evidenceCase))
      assert.deepEqual(
        findings.filter(({ symptomOf }) => symptomOf === null).map(({ id, severity }) => [id, severity]),
        expected,
      )
    })
  }

  test('every rule → has a matching and a non-matching example', () => {
    const found = new Set(positives.map(([id]) => id))
    for (const { id } of catalogue) assert.ok(found.has(id), `${id}: no positive`)
    // Healthy drivers are negative cases of every rule, so a rule without phrases needs no separate negative.
    const withNegative = new Set(negatives.map(([id]) => id))
    for (const { id, matchers } of catalogue) {
      const hasText = matchers.some(({ kind }) => kind !== 'observed')
      assert.ok(!hasText || withNegative.has(id), `${id}: no negative`)
    }
  })

  test('all rules → ids are unique and well-formed, and explained ids exist', () => {
    const ids = catalogue.map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
    for (const { id, explains: explainedIds = [] } of catalogue) {
      assert.match(id, /^SPN-[A-Z]+-[A-Z0-9]+(-[A-Z0-9]+)*$/)
      for (const other of explainedIds) {
        const prefix = other.endsWith('*') ? other.slice(0, -1) : undefined
        assert.ok(
          prefix === undefined ? ids.includes(other) : ids.some((one) => one.startsWith(prefix)),
          `${id} suppresses ${other}`,
        )
      }
    }
  })

  test('the explanation graph of the rules → has no cycle, so no finding is lost', () => {
    type Row = (typeof catalogue)[number]
    const suppresses = (one: Row, other: Row) => one !== other && (explains(one, other) || isFallbackFor(other, one))
    // As in diagnose: two rules that name each other do not explain each other.
    const isExplained = (one: Row, other: Row) => suppresses(one, other) && !suppresses(other, one)
    const done = new Set<string>()
    const visit = (rule: Row, path: readonly string[]) => {
      assert.ok(!path.includes(rule.id), `a cycle: ${[...path, rule.id].join(' → ')}`)
      if (done.has(rule.id)) return
      for (const other of catalogue) if (isExplained(rule, other)) visit(other, [...path, rule.id])
      done.add(rule.id)
    }
    for (const rule of catalogue) visit(rule, [])
  })

  test('two causes at once → both are reported', () => {
    for (const [id, evidenceCase] of positives) {
      if (evidenceCase.node !== undefined) continue
      const alone = listFindingIds(evidenceCase)
      const node = { conditions: [{ type: 'MemoryPressure', status: 'True' }] }
      const both = listFindingIds({ ...evidenceCase, node })
      assert.ok(
        alone.every((one) => both.includes(one)),
        `${id} with a node under pressure: ${both.join(', ')}`,
      )
    }
  })

  test('error that the driver recovered from → does not explain other findings', () => {
    const logs = positives.flatMap(([id, evidenceCase]) =>
      evidenceCase.log != null && Object.keys(evidenceCase).length === 1 ? [{ id, log: evidenceCase.log }] : [],
    )
    assert.ok(logs.length > 50)
    const findRootCause = (evidenceCase: Parameters<typeof buildEvidence>[0]) =>
      diagnose(buildEvidence(evidenceCase)).findings[0]
    for (const [index, { id, log }] of logs.entries()) {
      assert.deepEqual(listFindingIds({ ...running, log: log + finishedJobLog }), [], id)
      assert.equal(
        findRootCause({ ...failedWith(143), log: log + finishedJobLog + shutdownLog })?.id,
        'SPN-EXIT-143',
        id,
      )
      for (const other of [...logs, ...logs].slice(index + 1, index + 8)) {
        const both = findRootCause({ ...failedWith(1), log: log + finishedJobLog + other.log })
        assert.equal(both?.id, findRootCause({ ...failedWith(1), log: other.log })?.id, `${id}, then ${other.id}`)
      }
    }
  })

  test('a finding of the previous run → does not explain the current run', () => {
    const evidenceCase = { ...failedWith(1), lastState: failedWith(137, 'OOMKilled').state as object, previousLog: '' }
    const { findings } = diagnose(buildEvidence(evidenceCase))
    assert.deepEqual(
      findings.map(({ id, run, symptomOf }) => [id, run, symptomOf]),
      [
        ['SPN-EXIT-1', 'current', null],
        ['SPN-MEMORY-CONTAINER-OOM', 'previous', null],
      ],
    )
  })

  test('a driver runs with fewer executors than requested → no error', () => {
    const refused = warn(
      'A',
      'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=9, limited: pods=9',
    )
    const registered = info(
      'KubernetesClusterSchedulerBackend$KubernetesDriverEndpoint',
      'Registered executor NettyRpcEndpointRef(x)',
    )
    const severities = (log: string) =>
      diagnose(buildEvidence({ ...running, log })).findings.map(({ severity }) => severity)
    assert.deepEqual(severities(registered + refused), ['warning'])
    assert.deepEqual(severities(refused), ['error'])
  })
})
