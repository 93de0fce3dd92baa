import { isAbsolute } from 'node:path'
import type { SidecarImage } from '../../core/contract/pod-contract.ts'
import { serviceAccountTokenDir } from '../../core/contract/pod-contract.ts'
import { parseDurationMs } from '../../core/duration.ts'
import type { Capabilities } from '../../core/kubernetes/capabilities.ts'
import { resolveSettings } from '../../core/settings/settings.ts'
import { type ControllerConfig, parseController } from './controller-config.ts'

/** All that the process is told. */
export interface Config {
  readonly port: number
  readonly metricsPort: number
  readonly certificates: CertificatesConfig
  readonly sidecar: SidecarImage
  /** Whether the webhook configuration sends Services here. */
  readonly servicesAdmitted: boolean
  /** Chart values by setting key. */
  readonly chartSettings: Readonly<Record<string, string>>
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** How long /readyz is down before the server closes. */
  readonly drainMs: number
  readonly kubernetes: KubernetesConfig
}

export type KubernetesConfig =
  | {
      readonly kind: 'on'
      /** Our own, for dry runs. */
      readonly namespace: string
      readonly capabilityIntervalMs: number
      /** Where the token and the CA of the API server are, unless KUBECONFIG is set. */
      readonly serviceAccountDir: string
      readonly controller: ControllerConfig
    }
  /** No API (demo, bench): capabilities are stated, SparkApplications and namespace limits unknown. */
  | { readonly kind: 'off'; readonly capabilities: Capabilities }

export type CertificatesConfig =
  /** cert-manager, or a Secret that somebody fills, mounted. */
  | {
      readonly kind: 'files'
      readonly certFile: string
      readonly keyFile: string
      /** Null: somebody else fills the caBundle. */
      readonly ca: { readonly path: string; readonly configurationName: string } | null
    }
  | {
      readonly kind: 'self-signed'
      readonly secretName: string
      /** By which the API server reaches us: the first leads to all replicas. */
      readonly serviceNames: readonly [string, ...string[]]
      readonly configurationName: string
      readonly authorityValidityMs: number
      readonly leafValidityMs: number
      /** How long a new authority is trusted before it is used, and an old one after. */
      readonly holdMs: number
    }

export interface ConfigProblem {
  readonly key: string
  readonly value: string | undefined
  /** Worded to follow "must be ". */
  readonly form: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The configuration, or everything that is wrong with it. Bad chart settings are no problem here: they warn. */
export function parseConfig(
  env: Environment,
): { readonly config: Config } | { readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = []
  const read = <T>(name: string, fallback: string, form: string, parse: (text: string) => T | undefined): T => {
    const key = `SPARK_NANNY_${name}`
    const written = env[key]
    const value = parse(written === undefined || written === '' ? fallback : written)
    if (value === undefined) problems.push({ key, value: written, form })
    // Never seen: with a problem there is no configuration.
    return value as T
  }
  const oneOf = <const T extends string>(values: readonly T[]) =>
    [`one of ${values.join(', ')}`, (text: string) => values.find((value) => value === text)] as const
  const port = (name: string, fallback: string) => read(name, fallback, 'a port from 0 to 65535', parsePort)
  const path = (name: string, fallback = '') =>
    read(name, fallback, 'an absolute path', (text) => (isAbsolute(text) ? text : undefined))
  const duration = (name: string, fallback: string) =>
    read(name, fallback, 'a duration with its unit, such as 60s', parseDurationMs)
  const positive = (name: string, fallback: string) =>
    read(name, fallback, 'a duration of a minute at least, such as 90d', (text) => {
      const durationMs = parseDurationMs(text)
      return durationMs !== undefined && durationMs >= 60_000 ? durationMs : undefined
    })
  const flag = (name: string, fallback: string) => read(name, fallback, ...oneOf(['true', 'false'])) === 'true'
  const required = (name: string) => read(name, '', 'set', (text) => (text === '' ? undefined : text))
  const isSet = (name: string) => (env[`SPARK_NANNY_${name}`] ?? '') !== ''

  const kubernetes: KubernetesConfig =
    read('KUBERNETES', 'on', ...oneOf(['on', 'off'])) === 'off'
      ? { kind: 'off', capabilities: read('CAPABILITIES', '', capabilitiesForm, parseCapabilities) }
      : {
          kind: 'on',
          namespace: required('NAMESPACE'),
          capabilityIntervalMs: duration('CAPABILITY_INTERVAL', '60s'),
          serviceAccountDir: path('SERVICE_ACCOUNT_DIR', serviceAccountTokenDir),
          controller: parseController(read),
        }
  const readCertificates = (): CertificatesConfig => {
    const kinds = kubernetes.kind === 'on' ? (['files', 'self-signed'] as const) : (['files'] as const)
    if (read('CERTIFICATES', 'files', ...oneOf(kinds)) === 'self-signed') {
      return {
        kind: 'self-signed',
        secretName: required('CERTIFICATE_SECRET'),
        serviceNames: read('SERVICE_NAME', '', 'names of Services, parted by commas', parseNames),
        configurationName: required('WEBHOOK_CONFIGURATION'),
        authorityValidityMs: positive('CA_VALIDITY', '365d'),
        leafValidityMs: positive('CERTIFICATE_VALIDITY', '90d'),
        holdMs: duration('CA_ROTATION_HOLD', '60s'),
      }
    }
    const ca =
      kubernetes.kind === 'on' && isSet('TLS_CA_FILE')
        ? { path: path('TLS_CA_FILE'), configurationName: required('WEBHOOK_CONFIGURATION') }
        : null
    return { kind: 'files', certFile: path('TLS_CERT_FILE'), keyFile: path('TLS_KEY_FILE'), ca }
  }
  const config: Config = {
    port: port('PORT', '8443'),
    metricsPort: port('METRICS_PORT', '9164'),
    certificates: readCertificates(),
    sidecar: {
      image: required('SIDECAR_IMAGE'),
      imagePullPolicy: read(
        'SIDECAR_IMAGE_PULL_POLICY',
        'IfNotPresent',
        ...oneOf(['Always', 'IfNotPresent', 'Never'] as const),
      ),
    },
    servicesAdmitted: flag('ADMIT_SERVICES', 'true'),
    chartSettings: read('SETTINGS', '{}', 'a JSON object of settings by their keys', parseSettings),
    logLevel: read('LOG_LEVEL', 'info', ...oneOf(['debug', 'info', 'warn', 'error'] as const)),
    drainMs: duration('DRAIN', '5s'),
    kubernetes,
  }
  return problems.length === 0 ? { config } : { problems }
}

/** Chart settings that will not be taken, for the log at start. */
export function findChartProblems({ chartSettings }: Config) {
  return resolveSettings({ chart: chartSettings }).problems
}

const capabilityNames = ['native-sidecars', 'restart-all-containers', 'openshift'] as const
const capabilitiesForm = `a list of ${capabilityNames.join(', ')}, parted by commas`

function parseCapabilities(text: string): Capabilities | undefined {
  const names = text === '' ? [] : text.split(',').map((name) => name.trim())
  if (!names.every((name) => capabilityNames.some((known) => known === name))) return undefined
  return {
    nativeSidecars: names.includes('native-sidecars'),
    restartAllContainers: names.includes('restart-all-containers'),
    openShift: names.includes('openshift'),
  }
}

function parseNames(text: string): readonly [string, ...string[]] | undefined {
  const [first = '', ...others] = text.split(',').map((name) => name.trim())
  return [first, ...others].every((name) => name !== '') ? [first, ...others] : undefined
}

function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined
}

/** YAML and Helm make numbers and booleans of what looks like them. */
function parseSettings(text: string): Readonly<Record<string, string>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)]))
  } catch {
    return undefined
  }
}
