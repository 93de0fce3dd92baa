import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { restartByExitCodeFields } from '../../core/contract/pod-contract.ts'
import type { Container, Pod } from '../../core/kubernetes/pod.ts'
import { createEventLog, type EventLog } from './event-log.ts'
import type { KubeletEvent } from './fake-kubelet/events.ts'
import type { Node } from './fake-kubelet/node.ts'
import { type PodRun, runPod } from './fake-kubelet/pod-run.ts'

const withinMs = 20_000
const rule = { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }

describe('fake kubelet', () => {
  test('RestartAllContainers → restarts every container and keeps the volume', async (t) => {
    const { log, dir } = await runsPod(t, {
      initContainers: [
        shell('sidecar', 'while ! test -e /v/verdict; do sleep 0.05; done; rm /v/verdict; exit 88', true),
      ],
      containers: [shell('driver', 'echo run >> /v/runs; sleep 60')],
    })
    const first = await log.first('driver starts', startedAgain('driver', 0), 0, withinMs)
    await writeFile(join(dir, 'verdict'), '')
    await log.first('all restart', ({ kind }) => kind === 'restart-all-containers', 0, withinMs)
    const second = await log.first('driver starts again', startedAgain('driver', 1), first.atMs, withinMs)
    await log.first('sidecar starts again', startedAgain('sidecar', 1), first.atMs, withinMs)
    assert.notEqual(pidOf(first.event), pidOf(second.event))
    assert.equal(log.events.filter(({ event }) => event.kind === 'pod-ended').length, 0)
  })

  test('another exit code → restarts only the sidecar', async (t) => {
    const { log } = await runsPod(t, {
      initContainers: [shell('sidecar', 'exit 87', true)],
      containers: [shell('driver', 'sleep 60')],
    })
    await log.first('sidecar starts a third time', startedAgain('sidecar', 2), 0, withinMs)
    await log.first('driver starts', startedAgain('driver', 0), 0, withinMs)
    await log.first('sidecar starts a fourth time', startedAgain('sidecar', 3), 0, withinMs)
    assert.deepEqual(kindsOf(log, 'driver'), ['container-started'])
  })

  test('a rule of a container → restarts it alone, after its exit code and no other', async (t) => {
    const { log, dir } = await runsPod(t, {
      containers: [
        {
          ...shell('driver', 'echo run >> /v/runs; test -e /v/again && exit 1; touch /v/again; exit 142'),
          ...restartByExitCodeFields,
        },
      ],
    })
    await log.first('driver starts again', startedAgain('driver', 1), 0, withinMs)
    const { event } = await log.first('pod ends', ({ kind }) => kind === 'pod-ended', 0, withinMs)
    assert.equal(event.kind === 'pod-ended' && event.reason, 'a container ended with 1')
    assert.equal(await readFile(join(dir, 'runs'), 'utf8'), 'run\nrun\n')
  })

  test('a failed liveness probe with restartPolicy Never → fails the pod', async (t) => {
    const { log, dir } = await runsPod(t, {
      containers: [
        {
          ...shell('driver', 'sleep 60'),
          livenessProbe: {
            exec: { command: ['/bin/sh', '-c', '! test -e /v/hung'] },
            periodSeconds: 0.05,
            failureThreshold: 2,
          },
        },
      ],
    })
    await log.first('driver is live', ({ kind }) => kind === 'probe', 0, withinMs)
    await writeFile(join(dir, 'hung'), '')
    const { event } = await log.first('pod ends', ({ kind }) => kind === 'pod-ended', 0, withinMs)
    assert.equal(event.kind === 'pod-ended' && event.phase, 'Failed')
  })

  test('before the startup probe passes → no other probe runs', async (t) => {
    const probe = (script: string) => ({ exec: { command: ['/bin/sh', '-c', script] }, periodSeconds: 0.05 })
    const { log, dir } = await runsPod(t, {
      containers: [
        {
          ...shell('driver', 'sleep 60'),
          startupProbe: { ...probe('test -e /v/up'), failureThreshold: 10_000 },
          readinessProbe: probe('echo asked >> /v/asked; test -e /v/up'),
        },
      ],
    })
    await log.first('driver starts', startedAgain('driver', 0), 0, withinMs)
    await writeFile(join(dir, 'up'), '')
    await log.first('driver is ready', (event) => event.kind === 'probe' && event.probe === 'readiness', 0, withinMs)
    const probes = log.events.flatMap(({ event }) => (event.kind === 'probe' ? [event.probe] : []))
    assert.deepEqual(probes, ['startup', 'readiness'])
  })

  test('a main container that succeeds → the pod succeeds, whether or not the sidecar does', async (t) => {
    const { log } = await runsPod(t, {
      initContainers: [shell('sidecar', 'sleep 60', true)],
      containers: [shell('driver', 'exit 0')],
    })
    const { event } = await log.first('pod ends', ({ kind }) => kind === 'pod-ended', 0, withinMs)
    assert.equal(event.kind === 'pod-ended' && event.phase, 'Succeeded')
  })
})

function shell(name: string, script: string, nativeSidecar = false): Container {
  return {
    name,
    image: 'shell',
    args: [script],
    ...(nativeSidecar && { restartPolicy: 'Always', restartPolicyRules: [rule] }),
  }
}

async function runsPod(t: TestContext, spec: Pod['spec']): Promise<{ log: EventLog; dir: string; run: PodRun }> {
  const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-kubelet-'))
  const node: Node = {
    images: { shell: { entrypoint: ['/bin/sh', '-c'], adapt: (env) => env } },
    mounts: { '/v': dir },
    ports: {},
    logDir: dir,
  }
  const log = createEventLog(() => performance.now())
  const run = runPod({ spec: { restartPolicy: 'Never', ...spec } }, node, log.add)
  t.after(async () => {
    await run.stop()
    await rm(dir, { recursive: true })
  })
  return { log, dir, run }
}

function startedAgain(container: string, restarts: number): (event: KubeletEvent) => boolean {
  return (event) => event.kind === 'container-started' && event.container === container && event.restarts === restarts
}

const pidOf = (event: KubeletEvent) => (event.kind === 'container-started' ? event.pid : undefined)
const kindsOf = (log: EventLog, container: string) =>
  log.events.flatMap(({ event }) => ('container' in event && event.container === container ? [event.kind] : []))
