import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type ProbeContext, planProbes } from '../../admission/probes.ts'
import type { Probe } from '../../core/kubernetes/pod.ts'

const usual: ProbeContext = { handler: 'exec', served: true, servicesAdmitted: true, observeOnly: false }
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

  test('the startup probe → never reaches its failure threshold, which fits an int32', () => {
    const { startupProbe } = planProbes({ name: 'driver' }, usual)
    assert.equal(startupProbe?.failureThreshold, 2 ** 31 - 1)
  })

  /** The exit code of a probe's command, run with `dir` for the verdict volume. */
  function run(probe: Probe | undefined, dir: string): number | null {
    const [command = '', ...args] = probe?.exec?.command ?? []
    const inDir = args.map((arg) => arg.replaceAll('/var/run/spark-nanny', dir))
    return spawnSync(command, inDir).status
  }

  test('the probe commands → fail only if the failure file exists', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-probes-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const { startupProbe, livenessProbe } = planProbes({ name: 'driver' }, usual)
    const nowhere = join(dir, 'absent')
    assert.deepEqual([run(startupProbe, nowhere), run(livenessProbe, nowhere)], [0, 0], 'no volume, no kill')
    assert.deepEqual([run(startupProbe, dir), run(livenessProbe, dir)], [0, 0])
    assert.deepEqual(await readdir(dir), ['running'], 'the startup probe records that the container runs')
    await writeFile(join(dir, 'starting'), '')
    assert.deepEqual([run(startupProbe, dir), run(livenessProbe, dir)], [1, 0])
    await rename(join(dir, 'starting'), join(dir, 'hung'))
    assert.deepEqual([run(startupProbe, dir), run(livenessProbe, dir)], [0, 1])
  })
})
