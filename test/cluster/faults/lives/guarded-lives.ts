import { ended, executorPod, running, waiting } from './driver-pod.ts'
import type { Life } from './life.ts'
import type { LivePod } from './live-pod.ts'

/** A driver's life: how often it is lived, and its script. */
export interface LifeKind {
  readonly weight: number
  live(life: Life): Promise<void>
}

/** A driver with our sidecar that is made, started and Ready. */
async function started(life: Life, graceful = false): Promise<{ readonly pod: LivePod; readonly startedMs: number }> {
  const pod = await life.create({ namespace: life.guarded, expected: 'left-alone', sidecar: true, graceful })
  const startedMs = life.clock.nowMs()
  await pod.status({
    phase: 'Running',
    ready: true,
    driver: running(startedMs),
    sidecar: running(startedMs),
    scheduledMs: startedMs,
  })
  return { pod, startedMs }
}

export async function ends(
  life: Life,
  pod: LivePod,
  startedMs: number,
  exitCode: number,
  sidecar = true,
): Promise<void> {
  const nowMs = life.clock.nowMs()
  await pod.status({
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    ready: false,
    driver: ended(exitCode, startedMs, nowMs),
    sidecar: sidecar ? ended(0, startedMs, nowMs) : null,
    scheduledMs: startedMs,
  })
}

/** A kubelet restarts or starts containers within seconds; a test that is slower has proved nothing. */
const lateMs = 100_000

/** With a sidecar. Nothing is to be done about these, whatever goes wrong around them. */
export const guardedLives = {
  runs: {
    weight: 26,
    live: async (life) => {
      const { pod, startedMs } = await started(life)
      await life.sleep(life.between(10_000, 150_000))
      await ends(life, pod, startedMs, 0)
    },
  },
  fails: {
    weight: 6,
    live: async (life) => {
      const { pod, startedMs } = await started(life)
      await life.sleep(life.between(1_000, 100_000))
      await ends(life, pod, startedMs, 1)
    },
  },
  'starts-slowly': {
    weight: 4,
    live: async (life) => {
      const createdMs = life.clock.nowMs()
      const pod = await life.create({ namespace: life.guarded, expected: 'left-alone', sidecar: true, graceful: false })
      const creating = waiting('PodInitializing')
      await pod.status({ phase: 'Pending', ready: false, driver: creating, sidecar: creating, scheduledMs: createdMs })
      await life.sleep(life.between(5_000, 40_000))
      const startedMs = life.clock.nowMs()
      await pod.status(
        {
          phase: 'Running',
          ready: true,
          driver: running(startedMs),
          sidecar: running(startedMs),
          scheduledMs: createdMs,
        },
        true,
      )
      const tookMs = life.clock.nowMs() - createdMs
      if (tookMs > lateMs) pod.record.excuse = `started only after ${Math.round(tookMs / 1000)} s`
    },
  },
  'restarted-in-place': {
    weight: 8,
    live: async (life) => {
      const { pod, startedMs } = await started(life)
      const { record } = pod
      const withExecutors = life.random() < 0.5
      const appId = `spark-${life.name}`
      const executor = (name: string, id: string, createdMs: number) =>
        executorPod(`${life.name}-exec-${name}`, life.run, id, { name: record.name, uid: record.uid }, createdMs)
      if (withExecutors) await life.executor(pod, executor('old', appId, startedMs + 5_000), true)
      // Some are older than any patience with a sidecar that does not come.
      await life.sleep(life.between(10_000, 180_000))
      const exitMs = life.clock.nowMs()
      const base = { phase: 'Running', scheduledMs: startedMs } as const
      await pod.status(
        { ...base, ready: false, driver: running(startedMs), sidecar: ended(88, startedMs, exitMs, 'hung since then') },
        true,
      )
      await life.sleep(life.between(1_000, 10_000))
      const removed = waiting('RestartingAllContainers')
      await pod.status({ ...base, ready: false, driver: removed, sidecar: removed, restarts: 1 }, true)
      await life.sleep(life.between(1_000, 10_000))
      // The kubelet resolves the suffix as it starts the container.
      const suffix = pod.now()?.metadata.annotations?.['spark-nanny.io/next-application-id-suffix'] ?? ''
      const againMs = life.clock.nowMs()
      await pod.status({ ...base, ready: true, driver: running(againMs), sidecar: running(againMs), restarts: 1 }, true)
      const tookMs = life.clock.nowMs() - exitMs
      if (tookMs > lateMs) record.excuse = `restarted only ${Math.round(tookMs / 1000)} s after its sidecar’s exit`
      if (withExecutors) await life.executor(pod, executor('new', `${appId}${suffix}`, againMs + 3_000), false)
      await life.sleep(life.between(10_000, 60_000))
      if (life.random() < 0.7) return
      await ends(life, pod, againMs, 0)
    },
  },
  'deleted-by-its-owner': {
    weight: 5,
    live: async (life) => {
      const { pod } = await started(life, life.random() < 0.6)
      await life.sleep(life.between(5_000, 100_000))
      await pod.delete()
    },
  },
  'made-again': {
    weight: 4,
    live: async (life) => {
      const first = await started(life)
      await life.sleep(life.between(5_000, 60_000))
      await first.pod.delete()
      await first.pod.gone()
      const second = await started(life)
      await life.sleep(life.between(5_000, 60_000))
      await ends(life, second.pod, second.startedMs, 0)
    },
  },
} as const satisfies Record<string, LifeKind>
