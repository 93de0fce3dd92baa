import { ended, ownSidecarImage, running, waiting } from './driver-pod.ts'
import type { LifeKind } from './guarded-lives.ts'

/** These make no way: let go, or told of. */
export const stuckLives = {
  'held-back': {
    weight: 5,
    live: async (life) => {
      const namespace = life.random() < 0.7 ? life.guarded : life.bare
      const nowMs = life.clock.nowMs()
      const pod = await life.create({ namespace, expected: 'rescued', sidecar: true, graceful: false })
      const reason =
        ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'CreateContainerError'][
          Math.floor(life.random() * 4)
        ] ?? ''
      await pod.status({
        phase: 'Pending',
        ready: false,
        driver: waiting('PodInitializing'),
        sidecar: waiting(reason, 'not found'),
        scheduledMs: nowMs,
      })
      await pod.until((now) => now !== undefined && now.spec.initContainers?.[0]?.image !== ownSidecarImage)
      // The kubelet takes up the other image, which ends at once and lets the driver go.
      await life.sleep(life.between(2_000, 20_000))
      const startedMs = life.clock.nowMs()
      pod.ui('alive')
      await pod.status({
        phase: 'Running',
        ready: true,
        driver: running(startedMs),
        sidecar: ended(1, startedMs, startedMs),
        scheduledMs: nowMs,
      })
    },
  },
  'no-node-takes-it': {
    weight: 2,
    live: async (life) => {
      const createdMs = life.clock.nowMs() - life.between(150_000, 280_000)
      await life.create({
        namespace: life.guarded,
        expected: 'stuck',
        sidecar: life.random() < 0.5,
        graceful: false,
        createdMs,
      })
    },
  },
  'image-or-container-never-comes': {
    weight: 2,
    live: async (life) => {
      const createdMs = life.clock.nowMs() - life.between(150_000, 280_000)
      const pod = await life.create({
        namespace: life.guarded,
        expected: 'stuck',
        sidecar: false,
        graceful: false,
        createdMs,
      })
      const reason = life.random() < 0.5 ? 'ImagePullBackOff' : 'CreateContainerConfigError'
      await pod.status({
        phase: 'Pending',
        ready: false,
        driver: waiting(reason, 'no such thing'),
        sidecar: null,
        scheduledMs: createdMs,
      })
    },
  },
  'does-not-go': {
    weight: 1,
    live: async (life) => {
      const startedMs = life.clock.nowMs()
      const pod = await life.create({ namespace: life.guarded, expected: 'stuck', sidecar: true, graceful: true })
      await pod.status({
        phase: 'Running',
        ready: true,
        driver: running(startedMs),
        sidecar: running(startedMs),
        scheduledMs: startedMs,
      })
      await life.sleep(life.between(5_000, 30_000))
      await pod.delete()
    },
  },
} as const satisfies Record<string, LifeKind>
