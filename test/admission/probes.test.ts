import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type ProbeContext, planProbes } from '../../admission/probes.ts'
import type { Probe } from '../../core/kubernetes/pod.ts'

const usual: ProbeContext = {
  handler: 'exec',
  served: true,
  servicesAdmitted: true,
  observeOnly: false,
  sharesProcesses: false,
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

  test('the startup probe → never reaches its failure threshold, which fits an int32', () => {
    const { startupProbe } = planProbes({ name: 'driver' }, usual)
    assert.equal(startupProbe?.failureThreshold, 2 ** 31 - 1)
  })

  const startTicks = '4711'
  const statOf = (ticks: string, comm = 'java') =>
    `1 (${comm}) S 0 1 1 0 -1 4194560 1 0 0 0 10 5 0 0 20 0 30 0 ${ticks} 5000000 1000 18446744073709551615\n`

  /** The exit code of a probe's command, run in this shell with `dir` for the verdict volume and `dir/stat` for the process. */
  function run(probe: Probe | undefined, dir: string, shell: readonly string[] = ['/bin/sh']): number | null {
    const [, ...args] = probe?.exec?.command ?? []
    const inDir = args.map((arg) =>
      arg.replaceAll('/var/run/spark-nanny', dir).replaceAll('/proc/1/stat', join(dir, 'stat')),
    )
    const [command = '', ...first] = shell
    // No PATH: the script must not need any program.
    return spawnSync(command, [...first, ...inDir], { env: {} }).status
  }

  const shells = [['/bin/dash'], ['/bin/bash'], ['/bin/busybox', 'sh']].filter(([path = '']) => existsSync(path))
  for (const shell of shells) {
    test(`the probe commands in ${shell.join(' ')} → fail only for a verdict about this driver`, async (t) => {
      const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-probes-'))
      t.after(() => rm(dir, { recursive: true, force: true }))
      const { startupProbe, livenessProbe } = planProbes({ name: 'driver' }, usual)
      const both = () => [run(startupProbe, dir, shell), run(livenessProbe, dir, shell)]
      const hung = (text: string) => writeFile(join(dir, 'hung'), text)

      const nowhere = join(dir, 'absent')
      assert.deepEqual([run(startupProbe, nowhere, shell), run(livenessProbe, nowhere, shell)], [0, 0], 'no volume')
      await writeFile(join(dir, 'stat'), statOf(startTicks))
      assert.deepEqual(both(), [0, 0])
      assert.equal(await readFile(join(dir, 'running'), 'utf8'), `${startTicks}\n`)
      await writeFile(join(dir, 'starting'), '')
      assert.deepEqual(both(), [1, 0])
      await rm(join(dir, 'starting'))
      await hung(`${startTicks}\nunresponsive\n`)
      assert.deepEqual(both(), [0, 1], 'this driver')
      await hung('*\nunresponsive\n')
      assert.deepEqual(both(), [0, 1], 'any driver')
      await hung('4710\nunresponsive\n')
      assert.deepEqual(both(), [0, 0], 'an earlier driver')
      await hung('')
      assert.deepEqual(both(), [0, 0], 'no complete line')
      for (const comm of ['a b', 'x) S 1 (y', 'tini -s']) {
        await writeFile(join(dir, 'stat'), statOf(startTicks, comm))
        await hung(`${startTicks}\nunresponsive\n`)
        assert.deepEqual(both(), [0, 1], comm)
      }
      await rm(join(dir, 'stat'))
      assert.deepEqual(both(), [0, 0], 'the start time is unknown, so the verdict may be about another driver')
      assert.equal(await readFile(join(dir, 'running'), 'utf8'), '\n')
    })
  }

  test('a shared process namespace → no start is recorded, and only a verdict about any driver counts', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-probes-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const { startupProbe, livenessProbe } = planProbes({ name: 'driver' }, { ...usual, sharesProcesses: true })
    await writeFile(join(dir, 'stat'), statOf(startTicks))
    assert.deepEqual([run(startupProbe, dir), run(livenessProbe, dir)], [0, 0])
    assert.equal(await readFile(join(dir, 'running'), 'utf8'), '\n')
    await writeFile(join(dir, 'hung'), `${startTicks}\nunresponsive\n`)
    assert.equal(run(livenessProbe, dir), 0)
    await writeFile(join(dir, 'hung'), '*\nunresponsive\n')
    assert.equal(run(livenessProbe, dir), 1)
  })

  test('the probe commands on the real /proc → record the start of the first process', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-probes-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const { startupProbe } = planProbes({ name: 'driver' }, usual)
    const [command = '', ...args] = startupProbe?.exec?.command ?? []
    spawnSync(
      command,
      args.map((arg) => arg.replaceAll('/var/run/spark-nanny', dir)),
    )
    const stat = await readFile('/proc/1/stat', 'utf8')
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    assert.equal(await readFile(join(dir, 'running'), 'utf8'), `${ticks}\n`)
  })
})
