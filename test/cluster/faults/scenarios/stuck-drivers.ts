import { ended, ownSidecarImage, running, runningStatus, waiting } from './driver-pod.ts'
import type { ScenarioKind } from './protected-drivers.ts'

/** Drivers that cannot start or terminate: bypassed or reported. */
export const stuckDrivers = {
  'startup-blocked': {
    weight: 5,
    run: async (scenario) => {
      const namespace = scenario.random() < 0.7 ? scenario.labelled : scenario.unlabelled
      const nowMs = scenario.clock.nowMs()
      const pod = await scenario.create({ namespace, expected: 'sidecar-bypassed', sidecar: true, graceful: false })
      const reason =
        ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'CreateContainerError'][
          Math.floor(scenario.random() * 4)
        ] ?? ''
      await pod.status({
        phase: 'Pending',
        ready: false,
        driver: waiting('PodInitializing'),
        sidecar: waiting(reason, 'not found'),
        scheduledMs: nowMs,
      })
      await pod.until((now) => now !== undefined && now.spec.initContainers?.[0]?.image !== ownSidecarImage)
      // The kubelet starts the replaced image, which exits at once and unblocks the driver.
      await scenario.sleep(scenario.between(2_000, 20_000))
      const startedMs = scenario.clock.nowMs()
      pod.setUi('alive')
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
    run: async (scenario) => {
      const createdMs = scenario.clock.nowMs() - scenario.between(150_000, 280_000)
      await scenario.create({
        namespace: scenario.labelled,
        expected: 'stuck',
        sidecar: scenario.random() < 0.5,
        graceful: false,
        createdMs,
      })
    },
  },
  'image-or-container-never-comes': {
    weight: 2,
    run: async (scenario) => {
      const createdMs = scenario.clock.nowMs() - scenario.between(150_000, 280_000)
      const pod = await scenario.create({
        namespace: scenario.labelled,
        expected: 'stuck',
        sidecar: false,
        graceful: false,
        createdMs,
      })
      const reason = scenario.random() < 0.5 ? 'ImagePullBackOff' : 'CreateContainerConfigError'
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
    run: async (scenario) => {
      const startedMs = scenario.clock.nowMs()
      const pod = await scenario.create({
        namespace: scenario.labelled,
        expected: 'stuck',
        sidecar: true,
        graceful: true,
      })
      await pod.status(runningStatus(startedMs))
      await scenario.sleep(scenario.between(5_000, 30_000))
      await pod.delete()
    },
  },
} as const satisfies Record<string, ScenarioKind>
