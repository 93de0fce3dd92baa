import { ended, executorPod, running, waiting } from './driver-pod.ts'
import type { Expected, Life, LivePod } from './world.ts'

/** A driver's life: how often it is lived, and its script. */
export interface LifeKind {
  readonly weight: number
  live(life: Life): Promise<void>
}

const sidecarOf = (ms: number) => running(ms)

/** A driver with our sidecar that is made, started and Ready. */
async function started(life: Life, graceful = false): Promise<{ readonly pod: LivePod; readonly startedMs: number }> {
  const pod = await life.create({ namespace: life.guarded, expected: 'left-alone', sidecar: true, graceful })
  const startedMs = life.clock.nowMs()
  await pod.status({
    phase: 'Running',
    ready: true,
    driver: running(startedMs),
    sidecar: sidecarOf(startedMs),
    scheduledMs: startedMs,
  })
  return { pod, startedMs }
}

async function ends(life: Life, pod: LivePod, startedMs: number, exitCode: number, sidecar = true): Promise<void> {
  const nowMs = life.clock.nowMs()
  await pod.status({
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    ready: false,
    driver: ended(exitCode, startedMs, nowMs),
    sidecar: sidecar ? ended(0, startedMs, nowMs) : null,
    scheduledMs: startedMs,
  })
}

/** A driver without sidecar whose UI answers in a way of its own, and that ends by itself. */
async function unguarded(
  life: Life,
  expected: Expected,
  script: (pod: LivePod) => Promise<void>,
  more: Partial<Parameters<Life['create']>[0]> = {},
) {
  const createdMs = life.clock.nowMs() - life.between(0, 60_000)
  const pod = await life.create({
    namespace: life.guarded,
    expected,
    sidecar: false,
    graceful: false,
    createdMs,
    ...more,
  })
  pod.ui('refused')
  await pod.status({ phase: 'Running', ready: true, driver: running(createdMs), sidecar: null, scheduledMs: createdMs })
  await script(pod)
  await ends(life, pod, createdMs, 0, false)
}

/** A kubelet restarts or starts containers within seconds; a test that is slower has proved nothing. */
const lateMs = 100_000

/** Nothing is to be done about these, whatever goes wrong around them. */
export const healthyLives = {
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
      await life.sleep(life.between(10_000, 60_000))
      const exitMs = life.clock.nowMs()
      const base = { phase: 'Running', scheduledMs: startedMs } as const
      await pod.status(
        { ...base, ready: false, driver: running(startedMs), sidecar: ended(88, startedMs, exitMs, 'hung since then') },
        true,
      )
      await life.sleep(life.between(1_000, 20_000))
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
  'ui-answers': {
    weight: 6,
    live: (life) =>
      unguarded(life, 'left-alone', async (pod) => {
        pod.ui('alive')
        await life.sleep(life.between(60_000, 200_000))
      }),
  },
  'ui-falters': {
    weight: 6,
    live: (life) =>
      unguarded(life, 'left-alone', async (pod) => {
        pod.ui('flaky')
        await life.sleep(life.between(100_000, 250_000))
      }),
  },
  'ui-closes-at-the-end': {
    weight: 5,
    live: (life) =>
      unguarded(life, 'left-alone', async (pod) => {
        pod.ui('alive')
        await life.sleep(life.between(60_000, 120_000))
        pod.ui('refused')
        await life.sleep(life.between(20_000, 120_000))
      }),
  },
  'ui-comes-late': {
    weight: 3,
    live: (life) =>
      unguarded(life, 'left-alone', async (pod) => {
        await life.sleep(life.between(60_000, 150_000))
        pod.ui('not-started')
        await life.sleep(10_000)
        pod.ui('alive')
        await life.sleep(60_000)
      }),
  },
  'ui-of-another': {
    weight: 3,
    live: (life) =>
      unguarded(life, 'left-alone', async (pod) => {
        pod.ui(life.random() < 0.5 ? 'other' : 'authentication')
        await life.sleep(life.between(60_000, 200_000))
      }),
  },
  'never-answered-and-resets': {
    weight: 2,
    live: (life) =>
      unguarded(life, 'left-alone', async (pod) => {
        pod.ui(life.random() < 0.5 ? 'reset' : '500')
        await life.sleep(life.between(100_000, 200_000))
      }),
  },
  'opted-out-and-hung': {
    weight: 3,
    live: (life) =>
      unguarded(
        life,
        'ignored',
        async (pod) => {
          pod.ui('alive')
          await life.sleep(30_000)
          pod.ui('timeout')
          await life.sleep(life.between(100_000, 200_000))
        },
        { annotations: { 'spark-nanny.io/inject': 'false' } },
      ),
  },
  'hung-elsewhere': {
    weight: 4,
    live: (life) =>
      unguarded(
        life,
        'ignored',
        async (pod) => {
          pod.ui('alive')
          await life.sleep(30_000)
          pod.ui('timeout')
          await life.sleep(life.between(100_000, 200_000))
        },
        { namespace: life.bare },
      ),
  },
} as const satisfies Record<string, LifeKind>
