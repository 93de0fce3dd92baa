import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { missingProbes, type ProbeCircumstances } from '../../../webhook/admission/probes.ts'

const usual: ProbeCircumstances = { handler: 'exec', served: true, servicesAdmitted: true, observeOnly: false }
const kinds = (changes: Partial<ProbeCircumstances>, own: object = {}) =>
  Object.entries(missingProbes({ name: 'driver', ...own }, { ...usual, ...changes })).map(
    ([name, probe]) => `${name.replace('Probe', '')}:${'exec' in probe ? 'exec' : 'http'}`,
  )

const rows: readonly [string, Partial<ProbeCircumstances>, object, readonly string[]][] = [
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
for (const [name, changes, own, expected] of rows) {
  test(`the probes ${name}`, () => assert.deepEqual(kinds(changes, own), expected))
}

test('startup never gives up, in the range of an int32', () => {
  const { startupProbe } = missingProbes({ name: 'driver' }, usual)
  assert.equal(startupProbe?.failureThreshold, 2 ** 31 - 1)
})

test('the commands succeed where there is no file at all', () => {
  const { startupProbe, livenessProbe } = missingProbes({ name: 'driver' }, usual)
  for (const probe of [startupProbe, livenessProbe]) {
    const [command = '', ...args] = probe?.exec?.command ?? []
    assert.equal(spawnSync(command, args).status, 0)
    // The same with a file that is there must fail, or the test proves nothing.
    const there = args.map((arg) => arg.replace(/\/var\/run\/\S+/, import.meta.filename))
    assert.equal(spawnSync(command, there).status, 1)
  }
})
