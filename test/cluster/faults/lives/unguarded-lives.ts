import type { Expected } from '../invariants/records.ts'
import { running } from './driver-pod.ts'
import { ends, type LifeKind } from './guarded-lives.ts'
import type { Life } from './life.ts'
import type { LivePod } from './live-pod.ts'

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

/** Without a sidecar. Nothing is to be done about these either. */
export const unguardedLives = {
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
