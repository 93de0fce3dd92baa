import { isAbsolute } from 'node:path'
import type { SidecarImage } from '../../core/contract/pod-contract.ts'
import { serviceAccountTokenDir } from '../../core/contract/pod-contract.ts'
import { parseDurationMs } from '../../core/duration.ts'
import { isRecord, parseJson } from '../../core/json.ts'
import type { Capabilities } from '../../core/kubernetes/capabilities.ts'
import { resolveSettings } from '../../core/settings/settings.ts'
import type { NamespaceScope } from '../../kubernetes/reflector.ts'
import { type ControllerConfig, parseController } from './controller-config.ts'
import {
  type ConfigProblem,
  combine,
  createVariableReader,
  type Environment,
  flag,
  oneOf,
  type ReadVariable,
} from './environment-reader.ts'

/** The configuration of the webhook's process. */
export interface Config {
  readonly port: number
  readonly metricsPort: number
  readonly certificates: CertificatesConfig
  readonly sidecar: SidecarImage
  /** Whether the webhook configuration sends Services to this process. */
  readonly servicesAdmitted: boolean
  /** Chart values by setting key. */
  readonly chartSettings: Readonly<Record<string, string>>
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** How long /readyz fails before the server closes. */
  readonly drainMs: number
  readonly kubernetes: KubernetesConfig
}

export type KubernetesConfig =
  | {
      readonly kind: 'on'
      /** The namespace of spark-nanny, in which dry runs are made. */
      readonly namespace: string
      readonly capabilityIntervalMs: number
      /** Where the token and the CA of the API server are, unless KUBECONFIG is set. */
      readonly serviceAccountDir: string
      readonly controller: ControllerConfig
      /** Not set or null if all namespaces may be read. */
      readonly scope?: NamespaceScope | null
    }
  /** No API (demo, bench): capabilities are configured; SparkApplications and namespace limits are unknown. */
  | { readonly kind: 'off'; readonly capabilities: Capabilities }

export type CertificatesConfig =
  /** A mounted Secret that cert-manager or an administrator fills. */
  | {
      readonly kind: 'files'
      readonly certFile: string
      readonly keyFile: string
      /** Null if another program fills the caBundle. */
      readonly ca: CaFileConfig | null
    }
  | {
      readonly kind: 'self-signed'
      readonly secretName: string
      /** The Services through which the API server calls the webhook. The first one leads to all replicas. */
      readonly serviceNames: readonly [string, ...string[]]
      readonly configurationName: string
      readonly authorityValidityMs: number
      readonly leafValidityMs: number
      /** How long a new authority is trusted before it is used, and an old one after it is replaced. */
      readonly holdMs: number
    }

interface CaFileConfig {
  readonly path: string
  readonly configurationName: string
}

/** The configuration, or every problem with it. A wrong chart setting is not a problem here; it causes a warning. */
export function parseConfig(
  env: Environment,
): { readonly config: Config } | { readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = []
  const read = createVariableReader(env, (problem) => problems.push(problem))
  const isSet = (name: string) => (env[`SPARK_NANNY_${name}`] ?? '') !== ''
  const isKubernetesOn = read('KUBERNETES', 'on', ...oneOf(['on', 'off'])) !== 'off'
  const config = combine<Config>({
    port: read('PORT', '8443', ...port),
    metricsPort: read('METRICS_PORT', '9164', ...port),
    certificates: readCertificates(read, isKubernetesOn, isSet),
    sidecar: combine<SidecarImage>({
      image: read('SIDECAR_IMAGE', '', ...required),
      imagePullPolicy: read(
        'SIDECAR_IMAGE_PULL_POLICY',
        'IfNotPresent',
        ...oneOf(['Always', 'IfNotPresent', 'Never'] as const),
      ),
    }),
    servicesAdmitted: read('ADMIT_SERVICES', 'true', ...flag),
    chartSettings: read('SETTINGS', '{}', 'a JSON object of settings by their keys', parseSettings),
    logLevel: read('LOG_LEVEL', 'info', ...oneOf(['debug', 'info', 'warn', 'error'] as const)),
    drainMs: read('DRAIN', '5s', ...duration),
    kubernetes: isKubernetesOn ? readKubernetes(read) : readCapabilities(read),
  })
  return config === undefined || problems.length > 0 ? { problems } : { config }
}

function readKubernetes(read: ReadVariable): KubernetesConfig | undefined {
  return combine<Extract<KubernetesConfig, { kind: 'on' }>>({
    kind: 'on',
    namespace: read('NAMESPACE', '', ...required),
    capabilityIntervalMs: read('CAPABILITY_INTERVAL', '60s', ...duration),
    serviceAccountDir: read('SERVICE_ACCOUNT_DIR', serviceAccountTokenDir, ...path),
    controller: parseController(read),
    scope: readScope(read),
  })
}

function readScope(read: ReadVariable): NamespaceScope | null | undefined {
  const namespaces = read('NAMESPACES', '', 'comma-separated names of namespaces', (text) =>
    text === '' ? [] : parseNames(text),
  )
  if (namespaces?.length === 0) return null
  return combine<NamespaceScope>({
    namespaces,
    oldestKubelet: read('OLDEST_KUBELET', '', 'a version of Kubernetes, such as 1.33', parseKubeletVersion),
  })
}

function parseKubeletVersion(text: string): readonly [number, number] | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? []
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)]
}

function readCapabilities(read: ReadVariable): KubernetesConfig | undefined {
  const capabilities = read('CAPABILITIES', '', capabilitiesForm, parseCapabilities)
  return capabilities === undefined ? undefined : { kind: 'off', capabilities }
}

/** Self-signed certificates are stored in a Secret, so that they need the Kubernetes API. */
function readCertificates(
  read: ReadVariable,
  isKubernetesOn: boolean,
  isSet: (name: string) => boolean,
): CertificatesConfig | undefined {
  const kinds = isKubernetesOn ? (['files', 'self-signed'] as const) : (['files'] as const)
  if (read('CERTIFICATES', 'files', ...oneOf(kinds)) === 'self-signed') {
    return combine<Extract<CertificatesConfig, { kind: 'self-signed' }>>({
      kind: 'self-signed',
      secretName: read('CERTIFICATE_SECRET', '', ...required),
      serviceNames: read('SERVICE_NAME', '', 'comma-separated names of Services', parseNames),
      configurationName: read('WEBHOOK_CONFIGURATION', '', ...required),
      authorityValidityMs: read('CA_VALIDITY', '365d', ...validity),
      leafValidityMs: read('CERTIFICATE_VALIDITY', '90d', ...validity),
      holdMs: read('CA_ROTATION_HOLD', '60s', ...duration),
    })
  }
  return combine<Extract<CertificatesConfig, { kind: 'files' }>>({
    kind: 'files',
    certFile: read('TLS_CERT_FILE', '', ...path),
    keyFile: read('TLS_KEY_FILE', '', ...path),
    ca:
      isKubernetesOn && isSet('TLS_CA_FILE')
        ? combine<CaFileConfig>({
            path: read('TLS_CA_FILE', '', ...path),
            configurationName: read('WEBHOOK_CONFIGURATION', '', ...required),
          })
        : null,
  })
}

/** Problems with the chart's settings, for the log at start. The settings they concern keep their defaults. */
export function findChartProblems({ chartSettings }: Config) {
  return resolveSettings({ chart: chartSettings }).problems
}

const port = [
  'a port from 0 to 65535',
  (text: string) => (/^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined),
] as const
const path = ['an absolute path', (text: string) => (isAbsolute(text) ? text : undefined)] as const
const duration = ['a duration with its unit, such as 60s', parseDurationMs] as const
const validity = [
  'a duration of at least a minute, such as 90d',
  (text: string) => {
    const durationMs = parseDurationMs(text)
    return durationMs !== undefined && durationMs >= 60_000 ? durationMs : undefined
  },
] as const
const required = ['set', (text: string) => (text === '' ? undefined : text)] as const

const capabilityNames = ['native-sidecars', 'restart-all-containers', 'container-restart-rules', 'openshift'] as const
const capabilitiesForm = `a comma-separated list of ${capabilityNames.join(', ')}`

function parseCapabilities(text: string): Capabilities | undefined {
  const names = text === '' ? [] : text.split(',').map((name) => name.trim())
  if (!names.every((name) => capabilityNames.some((known) => known === name))) return undefined
  return {
    nativeSidecars: names.includes('native-sidecars'),
    restartAllContainers: names.includes('restart-all-containers'),
    containerRestartRules: names.includes('container-restart-rules'),
    openShift: names.includes('openshift'),
  }
}

function parseNames(text: string): readonly [string, ...string[]] | undefined {
  const [first = '', ...others] = text.split(',').map((name) => name.trim())
  return [first, ...others].every((name) => name !== '') ? [first, ...others] : undefined
}

/** YAML and Helm turn a text that looks like a number or a boolean into one. */
function parseSettings(text: string): Readonly<Record<string, string>> | undefined {
  const value = parseJson(text)
  if (!isRecord(value)) return undefined
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)]))
}
