import type { TestContext } from 'node:test'
import type { ControllerConfig, FallbackMode } from '../../../webhook/config/controller-config.ts'
import { until } from '../../support/api-fixture.ts'
import { createdMs, type DriverPodOptions, driverPod } from '../../support/driver-pods.ts'
import { startFakeDriverUi } from '../../support/fake-spark-ui.ts'
import { applications, createControllerHarness, defaultConfig, pods } from './controller-harness.ts'

export const nowMs = createdMs + 600_000
export const owner = { name: 'pi', uid: 'uid-application' }
/** A SparkApplication whose operator always resubmits. */
export const createApplication = (fields: object = {}, annotations: object = {}) => ({
  apiVersion: 'sparkoperator.k8s.io/v1beta2',
  kind: 'SparkApplication',
  metadata: { namespace: 'spark', ...owner, generation: 1, annotations },
  spec: { restartPolicy: { type: 'Always' } },
  ...fields,
})
export const application = createApplication()
export const fallback = (mode: FallbackMode): Partial<ControllerConfig> => ({
  fallback: { ...defaultConfig.fallback, mode, intervalMs: 50, timeoutMs: 100 },
})

/** A driver of a SparkApplication, ten minutes old, and its UI. */
export async function createHungScenario(t: TestContext, options: DriverPodOptions = {}) {
  const harness = await createControllerHarness(t)
  harness.setNow(nowMs)
  harness.shortenHangs()
  const ui = await startFakeDriverUi(t, ['spark-pi-driver'])
  const pod = (more: DriverPodOptions = {}) =>
    driverPod({ sidecar: null, podIp: '127.0.0.1', uiPort: ui.port, owner, ...options, ...more })
  harness.api.set(applications, application)
  harness.api.set(pods, pod())
  const decisions = (uid = 'uid-pi-driver') =>
    harness.lines
      .filter(({ line }) => line.event === 'decision' && line.action === 'delete-pod' && line.uid === uid)
      .map(({ line }) => String(line.why ?? line.result))
  const polled = async (times: number) => {
    const before = ui.polls()
    await until(() => ui.polls() >= before + times, 'polls')
  }
  return { ...harness, ui, pod, decisions, polled, wait: (ms: number) => harness.deps.sleep(ms, harness.signal) }
}
