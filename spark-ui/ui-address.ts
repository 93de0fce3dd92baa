import type { DriverPolicy, UiEndpoint } from '../core/settings/driver-policy.ts'

export interface UiAddress extends UiEndpoint {
  readonly host: string
}

/** What to ask of the driver's UI, and where. */
export type UiLocation =
  | {
      readonly kind: 'ui'
      readonly applicationId: string | null
      readonly first: UiAddress
      /** Where the UI may be instead, the likeliest first; believed only when it answers as our application. */
      readonly others: readonly UiAddress[]
      /** A port that the driver binds after its UI's; null when unknown. */
      readonly blockManagerPort: number | null
    }
  /** There is no UI that could be asked: never act. */
  | { readonly kind: 'none'; readonly reason: string }

const loopback = '127.0.0.1'

/** A pod has one or two; a node, with hostNetwork and IPVS, as many as the cluster has Services. */
const maxPodAddresses = 8

/**
 * The target for a driver of this policy and with these `spark.properties` (null: not there yet). A setting that the
 * user wrote wins over the properties, these over the policy's defaults. Spark's names and defaults: docs/configuration
 * and docs/security of Spark 4.0; ports: SparkUI, JettyUtils.startJettyServer and Utils.userPort.
 */
export function locateUi(
  policy: Pick<DriverPolicy, 'applicationId' | 'ui' | 'settings'>,
  properties: ReadonlyMap<string, string> | null,
  podAddresses: readonly string[],
): UiLocation {
  const property = (name: string) => properties?.get(name)?.trim()
  const isTrue = (name: string) => property(name)?.toLowerCase() === 'true'
  const number = (name: string) => {
    const text = property(name)
    return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
  }
  if (property('spark.ui.enabled')?.toLowerCase() === 'false') return { kind: 'none', reason: 'spark.ui.enabled=false' }

  const portIsWritten = isSetByUser(policy, 'ui-port') && policy.settings['ui-port']?.value !== 'auto'
  const port = portIsWritten ? policy.ui.port : (number('spark.ui.port') ?? policy.ui.port)
  if (port === 0) return { kind: 'none', reason: 'spark.ui.port=0: the port of the UI is random' }

  // spark.ssl.ui.* inherits from spark.ssl.*; the plain port then redirects to the TLS one, 400 above by default.
  const tls =
    isTrue('spark.ssl.ui.enabled') || (property('spark.ssl.ui.enabled') === undefined && isTrue('spark.ssl.enabled'))
  const plain: UiAddress = { scheme: 'http', host: loopback, port }
  const tlsPort = number('spark.ssl.ui.port') ?? number('spark.ssl.port') ?? computeUserPort(port, 400)
  const primaries: readonly UiAddress[] = isSetByUser(policy, 'ui-scheme')
    ? [{ ...plain, scheme: policy.ui.scheme }]
    : !tls
      ? [plain]
      : [...(tlsPort === 0 ? [] : [{ ...plain, scheme: 'https' as const, port: tlsPort }]), plain]
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

/** Spark's Utils.userPort: counts on from `base` and wraps around above the privileged ports. */
function computeUserPort(base: number, offset: number): number {
  return ((base + offset - 1024) % (65_536 - 1024)) + 1024
}

export function formatAddress({ scheme, host, port }: UiAddress): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
