import { randomUUID } from 'node:crypto'
import { freePorts } from '../support/free-ports.ts'
import type { DemoHarness } from './demo-harness.ts'
import { type Driver, serviceReview, sidecarImage } from './driver-pod.ts'
import { type HungDriverFigures, runHungDriverScenario } from './hung-driver-scenario.ts'
import { type KilledSidecarFigures, runKilledSidecarScenario } from './killed-sidecar-scenario.ts'
import type { Timeline } from './timeline.ts'
import { type Admitted, startWebhook } from './webhook-process.ts'

export interface Figures {
  readonly hung: HungDriverFigures
  readonly killed: KilledSidecarFigures
}

/** Runs both scenarios. Rejects if an expected step does not happen. `atEnd` registers cleanups that always run. */
export async function runScenarios(timeline: Timeline, dir: string, atEnd: DemoHarness['atEnd']): Promise<Figures> {
  timeline.report('', 'demo', 'starts the webhook with its own CA and without Kubernetes')
  const webhook = await startWebhook(dir, sidecarImage, atEnd)
  timeline.report('', 'webhook', `ready, process ${webhook.pid}, https://127.0.0.1:${webhook.port}/mutate`)
  assertPublished(await webhook.admit(await serviceReview()))
  timeline.report('', 'webhook', 'admits the driver’s Service: its name resolves before the driver is Ready')

  const [uiPort1 = 0, statusPort1 = 0, uiPort2 = 0, statusPort2 = 0] = await freePorts(4)
  const first: Driver = { name: 'driver-1', applicationId: applicationId(), uiPort: uiPort1, statusPort: statusPort1 }
  const second: Driver = { name: 'driver-2', applicationId: applicationId(), uiPort: uiPort2, statusPort: statusPort2 }
  const harness: DemoHarness = { webhook, timeline, dir, atEnd }
  const hungDriver = runHungDriverScenario(harness, first)
  const [hung, killed] = await Promise.all([hungDriver, runKilledSidecarScenario(harness, second, hungDriver)])
  return { hung, killed }
}

/** An id in Spark's form. Unique, so that two demos at the same time do not mix up their drivers. */
const applicationId = () => `spark-${randomUUID().replaceAll('-', '')}`

function assertPublished({ object, reason }: Admitted): void {
  const { spec } = object as { readonly spec?: { readonly publishNotReadyAddresses?: boolean } }
  if (spec?.publishNotReadyAddresses !== true)
    throw new Error(`the webhook did not patch the driver’s Service: ${reason}`)
}
