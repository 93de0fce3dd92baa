import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { diagnose, explains, isFallbackFor } from '../../../cli/diagnosis/diagnose.ts'
import { catalogue } from '../../../cli/rules/catalogue.ts'
import { buildEvidence, failedWith, info, running, shutsDown, warn, works } from './evidence-case.ts'
import { negatives, wellDrivers } from './negatives.ts'
import { positives } from './positives.ts'
import { ended, working } from './two-causes.ts'

const idsOf = (given: Parameters<typeof buildEvidence>[0]) =>
  diagnose(buildEvidence(given)).findings.map(({ id }) => id)

describe('rules', () => {
  for (const [index, [id, given]] of positives.entries()) {
    test(`evidence ${index} of ${id} → the root cause`, () => {
      const { findings } = diagnose(buildEvidence(given))
      const [root] = findings
      // A warning stands behind the error that it does not explain.
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

  for (const [index, [id, why, given]] of negatives.entries()) {
    test(`${why} (${index}) → not ${id}`, () => assert.ok(!idsOf(given).includes(id), idsOf(given).join(', ')))
  }

  for (const [name, given] of wellDrivers) {
    test(`${name} → no findings`, () => assert.deepEqual(idsOf(given), []))
  }

  for (const [name, given, ...expected] of [...ended, ...working]) {
    test(`${name} → the expected findings`, () => {
      const { findings } = diagnose(buildEvidence(given))
      assert.deepEqual(
        findings.filter(({ symptomOf }) => symptomOf === null).map(({ id, severity }) => [id, severity]),
        expected,
      )
    })
  }

  test('every rule → has a matching and a non-matching example', () => {
    const found = new Set(positives.map(([id]) => id))
    for (const { id } of catalogue) assert.ok(found.has(id), `${id}: no positive`)
    // A well driver that looks like an ill one is a negative of every rule.
    const left = new Set(negatives.map(([id]) => id))
    for (const { id, matchers } of catalogue) {
      const hasText = matchers.some(({ kind }) => kind !== 'observed')
      assert.ok(!hasText || left.has(id), `${id}: no negative`)
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
    // As diagnose does: two that name each other explain nothing.
    const stands = (one: Row, other: Row) => suppresses(one, other) && !suppresses(other, one)
    const done = new Set<string>()
    const visit = (rule: Row, path: readonly string[]) => {
      assert.ok(!path.includes(rule.id), `a circle: ${[...path, rule.id].join(' → ')}`)
      if (done.has(rule.id)) return
      for (const other of catalogue) if (stands(rule, other)) visit(other, [...path, rule.id])
      done.add(rule.id)
    }
    for (const rule of catalogue) visit(rule, [])
  })

  test('two causes at once → both are reported', () => {
    for (const [id, given] of positives) {
      if (given.node !== undefined) continue
      const alone = idsOf(given)
      const node = { conditions: [{ type: 'MemoryPressure', status: 'True' }] }
      const both = idsOf({ ...given, node })
      assert.ok(
        alone.every((one) => both.includes(one)),
        `${id} with a node under pressure: ${both.join(', ')}`,
      )
    }
  })

  test('error that the driver recovered from → does not explain other findings', () => {
    const logs = positives.flatMap(([id, given]) =>
      given.log != null && Object.keys(given).length === 1 ? [{ id, log: given.log }] : [],
    )
    assert.ok(logs.length > 50)
    const rootOf = (given: Parameters<typeof buildEvidence>[0]) => diagnose(buildEvidence(given)).findings[0]
    for (const [index, { id, log }] of logs.entries()) {
      assert.deepEqual(idsOf({ ...running, log: log + works }), [], id)
      assert.equal(rootOf({ ...failedWith(143), log: log + works + shutsDown })?.id, 'SPN-EXIT-143', id)
      for (const other of [...logs, ...logs].slice(index + 1, index + 8)) {
        const both = rootOf({ ...failedWith(1), log: log + works + other.log })
        assert.equal(both?.id, rootOf({ ...failedWith(1), log: other.log })?.id, `${id}, then ${other.id}`)
      }
    }
  })

  test('a finding of the previous run → does not explain the current run', () => {
    const given = { ...failedWith(1), lastState: failedWith(137, 'OOMKilled').state as object, previousLog: '' }
    const { findings } = diagnose(buildEvidence(given))
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
