import { randomUUID } from 'node:crypto'
import { type HungDriverFigures, hungDriver } from './act-hung-driver.ts'
import { type KilledSidecarFigures, killedSidecar } from './act-killed-sidecar.ts'
import { type Driver, serviceReview, sidecarImage } from './driver-pod.ts'
import { freePorts } from './free-ports.ts'
import type { Stage } from './stage.ts'
import type { Timeline } from './timeline.ts'
import { type Admitted, startWebhook } from './webhook-process.ts'

export interface Figures {
  readonly hung: HungDriverFigures
  readonly killed: KilledSidecarFigures
}

/** The whole demo; rejects when something of it does not happen. `atEnd` registers what must be undone in any case. */
export async function play(timeline: Timeline, dir: string, atEnd: Stage['atEnd']): Promise<Figures> {
  timeline.say('', 'demo', 'starts the webhook: a certificate of its own CA, no Kubernetes to ask')
  const webhook = await startWebhook(dir, sidecarImage, atEnd)
  timeline.say('', 'webhook', `ready, process ${webhook.pid}, https://127.0.0.1:${webhook.port}/mutate`)
  assertPublished(await webhook.admit(await serviceReview()))
  timeline.say('', 'webhook', 'admits the driver’s Service: its name resolves before the driver is Ready')

  const [uiPort1 = 0, statusPort1 = 0, uiPort2 = 0, statusPort2 = 0] = await freePorts(4)
  const first: Driver = { name: 'driver-1', applicationId: applicationId(), uiPort: uiPort1, statusPort: statusPort1 }
  const second: Driver = { name: 'driver-2', applicationId: applicationId(), uiPort: uiPort2, statusPort: statusPort2 }
  const stage: Stage = { webhook, timeline, dir, atEnd }
  const hanging = hungDriver(stage, first)
  const [hung, killed] = await Promise.all([hanging, killedSidecar(stage, second, hanging)])
  return { hung, killed }
}

/** As Spark makes them. Two demos at once must not take each other's drivers for their own. */
const applicationId = () => `spark-${randomUUID().replaceAll('-', '')}`

function assertPublished({ object, reason }: Admitted): void {
  const { spec } = object as { readonly spec?: { readonly publishNotReadyAddresses?: boolean } }
  if (spec?.publishNotReadyAddresses !== true) throw new Error(`the driver’s Service is as it was: ${reason}`)
}
