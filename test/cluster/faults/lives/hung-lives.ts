import type { Expected } from '../invariants/records.ts'
import { ended, running } from './driver-pod.ts'
import type { LifeKind } from './guarded-lives.ts'
import type { Life } from './life.ts'
import type { LivePod } from './live-pod.ts'

export const always = { type: 'Always' }
/** Told within minutes also where the leader changed meanwhile and has never seen the UI answer. */
const shortDeadlines = { 'spark-nanny.io/startup-deadline': '1m', 'spark-nanny.io/stop-deadline': '60s' }

export type Owner = { readonly name: string; readonly uid: string }

/** A driver whose sidecar has ended with 88, and whose kubelet does nothing about it. */
async function abandoned(life: Life, namespace: string, expected: Expected, owner?: Owner): Promise<LivePod> {
  const nowMs = life.clock.nowMs()
  const [startedMs, exitMs] = [nowMs - life.between(150_000, 300_000), nowMs - life.between(60_000, 110_000)]
  const graceful = life.random() < 0.6
  const plan = { namespace, expected, sidecar: true, graceful, createdMs: startedMs, ...(owner && { owner }) }
  const pod = await life.create(plan)
  const sidecar = ended(88, startedMs, exitMs, 'hung since then')
  await pod.status({ phase: 'Running', ready: false, driver: running(startedMs), sidecar, scheduledMs: startedMs })
  return pod
}

/** A driver without sidecar whose UI answered, and does not any more. */
async function silent(
  life: Life,
  expected: Expected,
  more: { owner?: Owner; annotations?: Readonly<Record<string, string>> } = {},
): Promise<LivePod> {
  const startedMs = life.clock.nowMs() - life.between(0, 60_000)
  const annotations = { ...shortDeadlines, ...more.annotations }
  const graceful = life.random() < 0.6
  const owner = more.owner === undefined ? {} : { owner: more.owner }
  const pod = await life.create({
    namespace: life.guarded,
    expected,
    sidecar: false,
    graceful,
    createdMs: startedMs,
    ...owner,
    annotations,
  })
  pod.ui('alive')
  await pod.status({ phase: 'Running', ready: true, driver: running(startedMs), sidecar: null, scheduledMs: startedMs })
  await life.sleep(life.between(70_000, 110_000))
  pod.ui('timeout')
  return pod
}

/** The next driver of the application, which is well. */
export async function wellAgain(life: Life, namespace: string, owner: Owner): Promise<void> {
  const pod = await life.create({ namespace, expected: 'left-alone', sidecar: true, graceful: false, owner })
  const startedMs = life.clock.nowMs()
  await pod.status({
    phase: 'Running',
    ready: true,
    driver: running(startedMs),
    sidecar: running(startedMs),
    scheduledMs: startedMs,
  })
}

/** Something must become of each of these. */
export const hungLives = {
  'abandoned-and-submitted-again': {
    weight: 4,
    live: async (life) => {
      const namespace = life.random() < 0.7 ? life.guarded : life.bare
      const onFailure = life.random() < 0.5
      const policy = onFailure ? { type: 'OnFailure', onFailureRetries: 2 } : always
      const owner = { name: life.name, uid: await life.application(namespace, policy) }
      if (onFailure) await life.attempts(namespace, 1)
      await (await abandoned(life, namespace, 'deleted', owner)).gone()
      await life.attempts(namespace, 2)
      await wellAgain(life, namespace, owner)
    },
  },
  'abandoned-time-and-again': {
    weight: 1.5,
    live: async (life) => {
      const owner = { name: life.name, uid: await life.application(life.guarded, always) }
      for (;;) await (await abandoned(life, life.guarded, 'deleted-or-told', owner)).gone()
    },
  },
  'abandoned-for-good': {
    weight: 1.5,
    live: async (life) => {
      const kind = life.random()
      if (kind < 0.5) {
        await abandoned(life, life.guarded, 'told')
        return
      }
      const owner = {
        name: life.name,
        uid: await life.application(life.guarded, { type: kind < 0.75 ? 'Never' : 'OnFailure', onFailureRetries: 0 }),
      }
      await life.attempts(life.guarded, 1)
      await abandoned(life, life.guarded, 'told', owner)
    },
  },
  'silent-and-submitted-again': {
    weight: 5,
    live: async (life) => {
      const owner = { name: life.name, uid: await life.application(life.guarded, always) }
      await (await silent(life, 'deleted-or-told', { owner })).gone()
      await wellAgain(life, life.guarded, owner)
    },
  },
  'silent-for-good': { weight: 1.5, live: async (life) => void (await silent(life, 'told')) },
  'silent-and-paused': {
    weight: 1,
    live: async (life) => {
      const owner = { name: life.name, uid: await life.application(life.guarded, always) }
      const annotations = { 'spark-nanny.io/paused-until': '2099-01-01T00:00:00Z the network is being rebuilt' }
      await silent(life, 'told', { owner, annotations })
    },
  },
  'silent-and-observed': {
    weight: 1,
    live: async (life) => {
      const owner = { name: life.name, uid: await life.application(life.guarded, always) }
      await silent(life, 'told', { owner, annotations: { 'spark-nanny.io/restart': 'observe' } })
    },
  },
  'closed-and-does-not-end': {
    weight: 1.5,
    live: async (life) => {
      const owner = { name: life.name, uid: await life.application(life.guarded, always) }
      const startedMs = life.clock.nowMs() - 60_000
      const pod = await life.create({
        namespace: life.guarded,
        expected: 'told',
        sidecar: false,
        graceful: false,
        createdMs: startedMs,
        owner,
        annotations: shortDeadlines,
      })
      pod.ui('alive')
      await pod.status({
        phase: 'Running',
        ready: true,
        driver: running(startedMs),
        sidecar: null,
        scheduledMs: startedMs,
      })
      await life.sleep(60_000)
      pod.ui('refused')
    },
  },
} as const satisfies Record<string, LifeKind>
