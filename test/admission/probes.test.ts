import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ProbeContext, planProbes } from '../../admission/probes.ts'

const usual: ProbeContext = {
  handler: 'exec',
  served: true,
  servicesAdmitted: true,
  observeOnly: false,
  sharesProcesses: false,
  probeKey: null,
}
const kinds = (changes: Partial<ProbeContext>, own: object = {}) =>
  Object.entries(planProbes({ name: 'driver', ...own }, { ...usual, ...changes })).map(
    ([name, probe]) => `${name.replace('Probe', '')}:${'exec' in probe ? 'exec' : 'http'}`,
  )

const rows: readonly [string, Partial<ProbeContext>, object, readonly string[]][] = [
  ['usually', {}, {}, ['startup:exec', 'liveness:exec', 'readiness:http']],
  ['on the node’s network', { served: false }, {}, ['startup:exec', 'liveness:exec', 'readiness:exec']],
  ['over http: nothing that can kill', { handler: 'http' }, {}, ['startup:http', 'readiness:http']],
  ['over http on the node’s network', { handler: 'http', served: false }, {}, []],
  [
    'when Services are not admitted: nothing that holds readiness back',
    { servicesAdmitted: false },
    {},
    ['liveness:exec'],
  ],
  ['observe: nothing that can kill', { observeOnly: true }, {}, ['startup:exec', 'readiness:http']],
  ['with all of its own', {}, { startupProbe: {}, livenessProbe: {}, readinessProbe: {} }, []],
  [
    'with a null for each',
    {},
    { startupProbe: null, livenessProbe: null, readinessProbe: null },
    ['startup:exec', 'liveness:exec', 'readiness:http'],
  ],
]
describe('planProbes', () => {
  for (const [name, changes, own, expected] of rows) {
    test(`${name} → its probes`, () => assert.deepEqual(kinds(changes, own), expected))
  }

  test('over http → with the key that the sidecar expects, and with exec without one', () => {
    const pathsOf = (changes: Partial<ProbeContext>) => {
      const { startupProbe, readinessProbe } = planProbes({ name: 'driver' }, { ...usual, ...changes })
      return [startupProbe, readinessProbe].map((probe) => probe?.httpGet?.path)
    }
    assert.deepEqual(pathsOf({ handler: 'http', probeKey: 'x' }), ['/startedz?key=x', '/readyz?key=x'])
    assert.deepEqual(pathsOf({ handler: 'http' }), ['/startedz', '/readyz'])
    assert.deepEqual(pathsOf({ probeKey: 'x' }), [undefined, '/readyz'])
  })

  test('the startup probe → never reaches its failure threshold, which fits an int32', () => {
    const { startupProbe } = planProbes({ name: 'driver' }, usual)
    assert.equal(startupProbe?.failureThreshold, 2 ** 31 - 1)
  })

  test('each exec probe → runs the script with its name, the termination message and whose processes it sees', () => {
    const argsOf = (own: object, changes: Partial<ProbeContext>) => {
      const { startupProbe, livenessProbe } = planProbes({ name: 'driver', ...own }, { ...usual, ...changes })
      return [startupProbe, livenessProbe].map((probe) => probe?.exec?.command.slice(3).join(' '))
    }
    assert.deepEqual(argsOf({}, {}), ['startup /dev/termination-log own', 'liveness /dev/termination-log own'])
    assert.deepEqual(argsOf({ terminationMessagePath: '/tmp/end' }, { sharesProcesses: true }), [
      'startup /tmp/end shared',
      'liveness /tmp/end shared',
    ])
  })
})
