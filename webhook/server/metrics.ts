import { createServer, type Server } from 'node:http'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Decision } from '../../admission/decide.ts'
import { type Capabilities, unknownCapabilities } from '../../core/kubernetes/capabilities.ts'

/** What the process counts. */
export interface Metrics {
  admitted(decision: Pick<Decision, 'kind' | 'reason' | 'problems'>, kind: string, seconds: number): void
  badRequest(status: number): void
  certificateExpiry(expiresMs: number): void
  /** Of the authority that signed the serving certificate, where it is known. */
  authorityExpiry(expiresMs: number): void
  certificateRenewed(kind: 'leaf' | 'ca'): void
  certificateSourceHealthy(healthy: boolean): void
  /** Where to look up the capabilities when the figures are asked for. */
  capabilities(current: () => Capabilities): void
  /** Where other parts of the process put theirs. */
  readonly registry: Registry
  /** The Prometheus text. */
  render(): Promise<string>
  readonly contentType: string
}

const secondsBuckets = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 0.5, 1]

export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  new Gauge({
    name: 'spark_nanny_build_info',
    help: 'Always 1; the version and the runtime stand in the labels.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1)
  const admissions = new Counter({
    name: 'spark_nanny_admissions_total',
    help: 'Admission requests answered, by what was done and why.',
    labelNames: ['result', 'reason', 'kind'],
    registers,
  })
  const duration = new Histogram({
    name: 'spark_nanny_admission_duration_seconds',
    help: 'From the parsed request to the answer.',
    buckets: secondsBuckets,
    registers,
  })
  const badRequests = new Counter({
    name: 'spark_nanny_malformed_requests_total',
    help: 'Requests that were no admission requests, by HTTP status.',
    labelNames: ['status'],
    registers,
  })
  const settingsProblems = new Counter({
    name: 'spark_nanny_invalid_settings_total',
    help: 'Settings that were not taken, at each admission that met them.',
    labelNames: ['key', 'source'],
    registers,
  })
  // A gauge is 0 before it is set: until then there is none, or the certificate would have expired in 1970.
  const onceKnown = (name: string, help: string) => {
    let gauge: Gauge | undefined
    return (value: number) => {
      gauge ??= new Gauge({ name, help, registers })
      gauge.set(value)
    }
  }
  const expirySeconds = onceKnown(
    'spark_nanny_certificate_expiry_timestamp_seconds',
    'When the serving certificate expires.',
  )
  const authorityExpirySeconds = onceKnown(
    'spark_nanny_ca_expiry_timestamp_seconds',
    'When the certificate authority of the serving certificate expires, where it is known.',
  )
  const renewals = new Counter({
    name: 'spark_nanny_certificate_renewals_total',
    help: 'Certificates that this process issued, the first ones too.',
    labelNames: ['kind'],
    registers,
  })
  for (const kind of ['leaf', 'ca']) renewals.inc({ kind }, 0)
  const sourceHealthy = onceKnown(
    'spark_nanny_certificate_source_healthy',
    '0 when something keeps certificates from being renewed or trusted; the log says what.',
  )
  let currentCapabilities: () => Capabilities = () => unknownCapabilities
  new Gauge({
    name: 'spark_nanny_capability',
    help: '1 when the cluster is known to have it; doubt is 0.',
    labelNames: ['capability'],
    registers,
    collect() {
      for (const [capability, value] of Object.entries(currentCapabilities())) this.set({ capability }, value ? 1 : 0)
    },
  })
  return {
    registry,
    contentType: registry.contentType,
    admitted: (decision, kind, seconds) => {
      admissions.inc({ result: decision.kind, reason: decision.reason, kind: kindLabel(kind) })
      duration.observe(seconds)
      for (const { key, source, kind: problem } of decision.problems) {
        // Anyone may write any annotation: an unknown key must not become a time series of its own.
        settingsProblems.inc({ key: problem === 'unknown-key' ? 'unknown' : key, source })
      }
    },
    badRequest: (status) => badRequests.inc({ status }),
    certificateExpiry: (expiresMs) => expirySeconds(expiresMs / 1000),
    authorityExpiry: (expiresMs) => authorityExpirySeconds(expiresMs / 1000),
    certificateRenewed: (kind) => renewals.inc({ kind }),
    certificateSourceHealthy: (healthy) => sourceHealthy(healthy ? 1 : 0),
    capabilities: (current) => {
      currentCapabilities = current
    },
    render: () => registry.metrics(),
  }
}

const kindLabel = (kind: string) => (kind === 'Pod' || kind === 'Service' ? kind : 'other')

/** `/metrics` over plain HTTP. */
export function createMetricsServer(metrics: Metrics): Server {
  return createServer({ requestTimeout: 10_000 }, async (request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    try {
      response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.render())
    } catch {
      response.writeHead(500).end()
    }
  })
}
