import { ended, executorPod, running, runningStatus, waiting } from './driver-pod.ts'
import type { Scenario } from './scenario.ts'
import type { SimulatedPod } from './simulated-pod.ts'

/** A kind of scenario: its relative frequency and its script. */
export interface ScenarioKind {
  readonly weight: number
  run(scenario: Scenario): Promise<void>
}

/** Creates and starts a protected driver that is Ready. */
async function startDriver(
  scenario: Scenario,
  graceful = false,
): Promise<{ readonly pod: SimulatedPod; readonly startedMs: number }> {
  const pod = await scenario.create({ namespace: scenario.labelled, expected: 'untouched', sidecar: true, graceful })
  const startedMs = scenario.clock.nowMs()
  await pod.status(runningStatus(startedMs))
  return { pod, startedMs }
}

export async function endDriver(
  scenario: Scenario,
  pod: SimulatedPod,
  startedMs: number,
  exitCode: number,
  sidecar = true,
): Promise<void> {
  const nowMs = scenario.clock.nowMs()
  await pod.status({
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    ready: false,
    driver: ended(exitCode, startedMs, nowMs),
    sidecar: sidecar ? ended(0, startedMs, nowMs) : null,
    scheduledMs: startedMs,
  })
}

/** A real kubelet starts containers within seconds. If the test is slower, the scenario is inconclusive. */
const lateMs = 100_000

/** Protected drivers. The controller must not act on them, under any fault. */
export const protectedDrivers = {
  runs: {
    weight: 26,
    run: async (scenario) => {
      const { pod, startedMs } = await startDriver(scenario)
      await scenario.sleep(scenario.between(10_000, 150_000))
      await endDriver(scenario, pod, startedMs, 0)
    },
  },
  fails: {
    weight: 6,
    run: async (scenario) => {
      const { pod, startedMs } = await startDriver(scenario)
      await scenario.sleep(scenario.between(1_000, 100_000))
      await endDriver(scenario, pod, startedMs, 1)
    },
  },
  'starts-slowly': {
    weight: 4,
    run: async (scenario) => {
      const createdMs = scenario.clock.nowMs()
      const pod = await scenario.create({
        namespace: scenario.labelled,
        expected: 'untouched',
        sidecar: true,
        graceful: false,
      })
      const creating = waiting('PodInitializing')
      await pod.status({ phase: 'Pending', ready: false, driver: creating, sidecar: creating, scheduledMs: createdMs })
      await scenario.sleep(scenario.between(5_000, 40_000))
      const startedMs = scenario.clock.nowMs()
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
      const tookMs = scenario.clock.nowMs() - createdMs
      if (tookMs > lateMs) pod.record.inconclusive = `started only after ${Math.round(tookMs / 1000)} s`
    },
  },
  'restarted-in-place': {
    weight: 8,
    run: async (scenario) => {
      const { pod, startedMs } = await startDriver(scenario)
      const { record } = pod
      const withExecutors = scenario.random() < 0.5
      const appId = `spark-${scenario.name}`
      const executor = (name: string, id: string, createdMs: number) =>
        executorPod(
          `${scenario.name}-exec-${name}`,
          scenario.run,
          id,
          { name: record.name, uid: record.uid },
          createdMs,
        )
      if (withExecutors) await scenario.executor(pod, executor('old', appId, startedMs + 5_000), true)
      // Some are older than every grace period for a sidecar that does not start.
      await scenario.sleep(scenario.between(10_000, 180_000))
      const exitMs = scenario.clock.nowMs()
      const base = { phase: 'Running', scheduledMs: startedMs } as const
      await pod.status(
        { ...base, ready: false, driver: running(startedMs), sidecar: ended(88, startedMs, exitMs, 'hung since then') },
        true,
      )
      await scenario.sleep(scenario.between(1_000, 10_000))
      const removed = waiting('RestartingAllContainers')
      await pod.status({ ...base, ready: false, driver: removed, sidecar: removed, restarts: 1 }, true)
      await scenario.sleep(scenario.between(1_000, 10_000))
      // The kubelet resolves the suffix when it starts the container.
      const suffix = pod.now()?.metadata.annotations?.['spark-nanny.io/next-application-id-suffix'] ?? ''
      const againMs = scenario.clock.nowMs()
      await pod.status({ ...base, ready: true, driver: running(againMs), sidecar: running(againMs), restarts: 1 }, true)
      const tookMs = scenario.clock.nowMs() - exitMs
      if (tookMs > lateMs)
        record.inconclusive = `restarted only ${Math.round(tookMs / 1000)} s after its sidecar’s exit`
      if (withExecutors) await scenario.executor(pod, executor('new', `${appId}${suffix}`, againMs + 3_000), false)
      await scenario.sleep(scenario.between(10_000, 60_000))
      if (scenario.random() < 0.7) return
      await endDriver(scenario, pod, againMs, 0)
    },
  },
  'ended-by-its-probe-and-restarted': {
    weight: 4,
    run: async (scenario) => {
      const { pod, startedMs: firstMs } = await startDriver(scenario)
      let startedMs = firstMs
      // Once or twice, by the rule of Kubernetes 1.35 for exit code 142. The sidecar goes on.
      for (const restarts of scenario.random() < 0.5 ? [1] : [1, 2]) {
        await scenario.sleep(scenario.between(10_000, 120_000))
        const endedMs = scenario.clock.nowMs()
        const driverEndedBefore = ended(142, startedMs, endedMs, 'frozen: scripted')
        await scenario.sleep(scenario.between(500, 10_000))
        startedMs = scenario.clock.nowMs()
        const now = { ...runningStatus(startedMs), sidecar: running(startedMs - 200_000), restarts, driverEndedBefore }
        await pod.status(now, true)
      }
      await scenario.sleep(scenario.between(10_000, 60_000))
      if (scenario.random() < 0.5) await endDriver(scenario, pod, startedMs, 0)
    },
  },
  'ended-by-its-probe': {
    weight: 4,
    run: async (scenario) => {
      const { pod, startedMs } = await startDriver(scenario)
      await scenario.sleep(scenario.between(10_000, 120_000))
      await endDriver(scenario, pod, startedMs, 142)
    },
  },
  'kubelet-restarts': {
    weight: 4,
    run: async (scenario) => {
      const { pod, startedMs } = await startDriver(scenario)
      pod.setVerdict(null)
      await scenario.sleep(scenario.between(10_000, 60_000))
      // The node controller marks the pod as not Ready, and after its return the kubelet marks it as Ready again.
      const unheard = { ...runningStatus(startedMs), ready: false }
      await pod.status(unheard, true)
      await scenario.sleep(scenario.between(20_000, 200_000))
      await pod.status(runningStatus(startedMs), true)
      await scenario.sleep(scenario.between(10_000, 60_000))
      await endDriver(scenario, pod, startedMs, 0)
    },
  },
  'deleted-by-its-owner': {
    weight: 5,
    run: async (scenario) => {
      const { pod } = await startDriver(scenario, scenario.random() < 0.6)
      await scenario.sleep(scenario.between(5_000, 100_000))
      await pod.delete()
    },
  },
  'made-again': {
    weight: 4,
    run: async (scenario) => {
      const first = await startDriver(scenario)
      await scenario.sleep(scenario.between(5_000, 60_000))
      await first.pod.delete()
      await first.pod.gone()
      const second = await startDriver(scenario)
      await scenario.sleep(scenario.between(5_000, 60_000))
      await endDriver(scenario, second.pod, second.startedMs, 0)
    },
  },
} as const satisfies Record<string, ScenarioKind>
