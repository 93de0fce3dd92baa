import type { UiAddress, UiLocation } from '../spark-ui/ui-address.ts'
import type { UiClient } from '../spark-ui/ui-client.ts'

/** Loopback answers at once or not at all; many places are asked. */
const searchTimeoutMs = 1_000

/** At most this long does one search take, of a target with so many places. */
export const computeMaxSearchMs = (target: UiLocation) =>
  target.kind === 'ui' ? target.others.length * searchTimeoutMs : 0

/**
 * Where else the UI of our very application answers: Spark takes the next port when one is taken
 * (`spark.port.maxRetries`), and binds another address with `SPARK_LOCAL_IP`. Undefined when nowhere, or when the id that
 * would prove it is unknown. A TLS UI's plain port proves itself by the redirect to it.
 */
export async function findUi(target: UiLocation & { kind: 'ui' }, uiClient: UiClient): Promise<UiAddress | undefined> {
  const { applicationId, first, others } = target
  if (applicationId === null) return undefined
  for (const address of others) {
    const { sample } = await uiClient.poll(address, applicationId, searchTimeoutMs)
    if (sample.kind !== 'alive') continue
    const redirectsToTls = sample.evidence === 'redirect' && first.scheme === 'https' && address.scheme === 'http'
    if (sample.evidence === 'application' || redirectsToTls) return address
  }
  return undefined
}
