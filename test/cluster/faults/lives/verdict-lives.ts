import type { Expected } from '../invariants/records.ts'
import { running } from './driver-pod.ts'
import type { LifeKind } from './guarded-lives.ts'
import { always, type Owner, wellAgain } from './hung-lives.ts'
import type { Life } from './life.ts'
import type { LivePod } from './live-pod.ts'

/** A driver whose sidecar has just concluded that it hangs, and whose kubelet is away. */
async function concluded(life: Life, expected: Expected, owner: Owner): Promise<LivePod> {
  const startedMs = life.clock.nowMs() - life.between(150_000, 300_000)
  const graceful = life.random() < 0.6
  const pod = await life.create({
    namespace: life.guarded,
    expected,
    sidecar: true,
    graceful,
    createdMs: startedMs,
    owner,
  })
  pod.conclude(life.clock.nowMs())
  const [driver, sidecar] = [running(startedMs), running(startedMs)]
  await pod.status({ phase: 'Running', ready: false, driver, sidecar, scheduledMs: startedMs })
  return pod
}

/** Sooner than anybody but the kubelet may act; a test that is slower has proved nothing. */
const lateMs = 115_000

/** With a sidecar that is asked for its verdict, since its driver is not Ready any more. */
export const verdictLives = {
  'verdict-and-submitted-again': {
    weight: 3,
    live: async (life) => {
      const owner = { name: life.name, uid: await life.application(life.guarded, always) }
      await (await concluded(life, 'deleted', owner)).gone()
      await wellAgain(life, life.guarded, owner)
    },
  },
  'verdict-taken-back': {
    weight: 3,
    live: async (life) => {
      const owner = { name: life.name, uid: await life.application(life.guarded, always) }
      const sinceMs = life.clock.nowMs()
      const pod = await concluded(life, 'left-alone', owner)
      await life.sleep(life.between(20_000, 90_000))
      pod.conclude(null)
      const tookMs = life.clock.nowMs() - sinceMs
      if (tookMs > lateMs) pod.record.excuse = `taken back only after ${Math.round(tookMs / 1000)} s`
    },
  },
} as const satisfies Record<string, LifeKind>
