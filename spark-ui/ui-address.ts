import type { DriverPolicy, UiEndpoint } from '../core/settings/driver-policy.ts'

export interface UiAddress extends UiEndpoint {
  readonly host: string
}

/** Where the UI of a driver is, and which application it must belong to. */
export type UiLocation =
  | {
      readonly kind: 'ui'
      readonly applicationId: string | null
      readonly first: UiAddress
      /** Other possible addresses, the most likely first. Accepted only if the UI there lists this application. */
      readonly others: readonly UiAddress[]
      /** A port that the driver binds after the port of its UI; null if it is unknown. */
      readonly blockManagerPort: number | null
    }
  /** There is no UI to poll, so spark-nanny never acts on this driver. */
  | { readonly kind: 'none'; readonly reason: string }

const loopback = '127.0.0.1'

/** A pod has one or two addresses. A node, with hostNetwork and IPVS, has as many as the cluster has Services. */
const maxPodAddresses = 8

/**
 * Finds the UI of a driver from its policy and the properties of its files (null if they do not exist yet). A setting of the
 * user takes precedence over the driver's arguments, these over its files, and the files over the defaults of the policy, as
 * in SparkSubmitArguments. Sources: the names and defaults are in docs/configuration and docs/security of Spark 4.0, the ports in SparkUI,
 * JettyUtils.startJettyServer and Utils.userPort.
 */
export function locateUi(
  policy: Pick<DriverPolicy, 'applicationId' | 'ui' | 'uiProperties' | 'settings'>,
  properties: ReadonlyMap<string, string> | null,
  podAddresses: readonly string[],
): UiLocation {
  const property = (name: string) => (policy.uiProperties?.[name] ?? properties?.get(name))?.trim()
  const isTrue = (name: string) => property(name)?.toLowerCase() === 'true'
  const number = (name: string) => {
    const text = property(name)
    return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
  }
  if (property('spark.ui.enabled')?.toLowerCase() === 'false') return { kind: 'none', reason: 'spark.ui.enabled=false' }

  const portIsWritten = isSetByUser(policy, 'ui-port') && policy.settings['ui-port']?.value !== 'auto'
  const port = portIsWritten ? policy.ui.port : (number('spark.ui.port') ?? policy.ui.port)
  if (port === 0) return { kind: 'none', reason: 'spark.ui.port=0: the port of the UI is random' }

  // spark.ssl.ui.* inherits from spark.ssl.*. The plain port redirects to the TLS port, which is 400 higher by default.
  const tls =
    isTrue('spark.ssl.ui.enabled') || (property('spark.ssl.ui.enabled') === undefined && isTrue('spark.ssl.enabled'))
  const plain: UiAddress = { scheme: 'http', host: loopback, port }
  const tlsPort = number('spark.ssl.ui.port') ?? number('spark.ssl.port') ?? computeUserPort(port, 400)
  const overTls: readonly UiAddress[] = tls && tlsPort !== 0 ? [{ ...plain, scheme: 'https', port: tlsPort }] : []
  const primaries = isSetByUser(policy, 'ui-scheme') ? [{ ...plain, scheme: policy.ui.scheme }] : [...overTls, plain]
  const [first = plain, ...alternates] = primaries

  const maxRetries = Math.min(number('spark.port.maxRetries') ?? 16, 100)
  const moved = Array.from({ length: maxRetries }, (_, index) => ({
    ...first,
    port: computeUserPort(first.port, index + 1),
  }))
  const bound = podAddresses.slice(0, maxPodAddresses).map((host) => ({ ...first, host }))
  return {
    kind: 'ui',
    applicationId: property('spark.app.id') || policy.applicationId,
    first,
    others: [...alternates, ...bound, ...moved],
    blockManagerPort: number('spark.driver.blockManager.port') || null,
  }
}

function isSetByUser({ settings }: Pick<DriverPolicy, 'settings'>, key: 'ui-port' | 'ui-scheme'): boolean {
  const source = settings[key]?.source
  return source !== undefined && source !== 'default'
}

/** Spark's Utils.userPort: adds `offset` to `base`, and wraps around to the first port that is not privileged. */
function computeUserPort(base: number, offset: number): number {
  return ((base + offset - 1024) % (65_536 - 1024)) + 1024
}

export function formatAddress({ scheme, host, port }: UiAddress): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
