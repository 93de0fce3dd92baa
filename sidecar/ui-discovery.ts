import type { UiAddress, UiLocation } from '../spark-ui/ui-address.ts'
import type { UiClient } from '../spark-ui/ui-client.ts'

/** The timeout of each address. Loopback answers immediately or not at all, and there are many addresses. */
const searchTimeoutMs = 1_000

/** The longest that one search of a location can take. */
export const computeMaxSearchMs = (location: UiLocation) =>
  location.kind === 'ui' ? location.others.length * searchTimeoutMs : 0

/**
 * Searches the other addresses for the UI of exactly this application. Spark takes the next port if its port is in use
 * (`spark.port.maxRetries`), and binds another address if `SPARK_LOCAL_IP` is set. Returns undefined if no address
 * answers, or if the application id, which proves that the UI is this driver's, is unknown. The plain port of a TLS UI
 * is accepted because it redirects to TLS.
 */
export async function findUi(
  location: UiLocation & { kind: 'ui' },
  uiClient: UiClient,
): Promise<UiAddress | undefined> {
  const { applicationId, first, others } = location
  if (applicationId === null) return undefined
  for (const address of others) {
    const { sample } = await uiClient.poll(address, applicationId, searchTimeoutMs)
    if (sample.kind !== 'alive') continue
    const redirectsToTls = sample.evidence === 'redirect' && first.scheme === 'https' && address.scheme === 'http'
    if (sample.evidence === 'application' || redirectsToTls) return address
  }
  return undefined
}
