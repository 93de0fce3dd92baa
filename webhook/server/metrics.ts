import { createServer, type Server } from 'node:http'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { AdmissionDecision } from '../../admission/decide.ts'
import type { CertificateMetrics } from '../../certs/source.ts'
import { type Capabilities, unknownCapabilities } from '../../core/kubernetes/capabilities.ts'
import { limitConnections } from './connection-limit.ts'

/** The metrics of the webhook, except those of the controller. */
export interface Metrics {
  countAdmission(decision: Pick<AdmissionDecision, 'kind' | 'reason' | 'problems'>, kind: string, seconds: number): void
  countMalformedRequest(status: number): void
  setCertificateExpiry(expiresMs: number): void
  /** Of the authority that signed the serving certificate, if it is known. */
  setAuthorityExpiry(expiresMs: number): void
  countRenewal(kind: 'leaf' | 'ca'): void
  setCertificateSourceHealthy(healthy: boolean): void
  /** Registers the function that returns the capabilities at the time of a scrape. */
  showCapabilities(current: () => Capabilities): void
  /** Where other parts of the process register their metrics. */
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
    help: 'Always 1. The labels show the version of spark-nanny and of Node.js.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1)
  return {
    registry,
    contentType: registry.contentType,
    render: () => registry.metrics(),
    ...createAdmissionMetrics(registers),
    ...createCertificateMetrics(registers),
    ...createCapabilityMetric(registers),
  }
}

function createAdmissionMetrics(registers: Registry[]): Pick<Metrics, 'countAdmission' | 'countMalformedRequest'> {
  const admissions = new Counter({
    name: 'spark_nanny_admissions_total',
    help: 'Number of admission requests, by result and reason.',
    labelNames: ['result', 'reason', 'kind'],
    registers,
  })
  const duration = new Histogram({
    name: 'spark_nanny_admission_duration_seconds',
    help: 'Duration of an admission, from the parsed request to the response.',
    buckets: secondsBuckets,
    registers,
  })
  const malformedRequests = new Counter({
    name: 'spark_nanny_malformed_requests_total',
    help: 'Number of malformed admission requests, by HTTP status.',
    labelNames: ['status'],
    registers,
  })
  const invalidSettings = new Counter({
    name: 'spark_nanny_invalid_settings_total',
    help: 'Number of settings that were ignored because they are invalid, counted at each admission.',
    labelNames: ['key', 'source'],
    registers,
  })
  return {
    countAdmission: (decision, kind, seconds) => {
      admissions.inc({ result: decision.kind, reason: decision.reason, kind: toKindLabel(kind) })
      duration.observe(seconds)
      for (const { key, source, kind: problem } of decision.problems) {
        // Any client may write any annotation: an unknown key must not become a time series of its own.
        invalidSettings.inc({ key: problem === 'unknown-key' ? 'unknown' : key, source })
      }
    },
    countMalformedRequest: (status) => malformedRequests.inc({ status }),
  }
}

function createCertificateMetrics(registers: Registry[]): CertificateMetrics {
  /** Registers the gauge with its first value. A gauge that is 0 from the start would report a certificate that expired in 1970. */
  const createLazyGauge = (name: string, help: string) => {
    let gauge: Gauge | undefined
    return (value: number) => {
      gauge ??= new Gauge({ name, help, registers })
      gauge.set(value)
    }
  }
  const setCertificateExpirySeconds = createLazyGauge(
    'spark_nanny_certificate_expiry_timestamp_seconds',
    'When the serving certificate expires, in seconds since 1970.',
  )
  const setAuthorityExpirySeconds = createLazyGauge(
    'spark_nanny_ca_expiry_timestamp_seconds',
    'When the CA certificate that signed the serving certificate expires, in seconds since 1970. Absent if it is not known.',
  )
  const setSourceHealthy = createLazyGauge(
    'spark_nanny_certificate_source_healthy',
    'Whether certificates can be renewed and are trusted (1 = yes). The log shows the problem.',
  )
  const renewals = new Counter({
    name: 'spark_nanny_certificate_renewals_total',
    help: 'Number of certificates that this process has issued, including the first ones.',
    labelNames: ['kind'],
    registers,
  })
  for (const kind of ['leaf', 'ca']) renewals.inc({ kind }, 0)
  return {
    setCertificateExpiry: (expiresMs) => setCertificateExpirySeconds(expiresMs / 1000),
    setAuthorityExpiry: (expiresMs) => setAuthorityExpirySeconds(expiresMs / 1000),
    countRenewal: (kind) => renewals.inc({ kind }),
    setCertificateSourceHealthy: (healthy) => setSourceHealthy(healthy ? 1 : 0),
  }
}

function createCapabilityMetric(registers: Registry[]): Pick<Metrics, 'showCapabilities'> {
  let currentCapabilities: () => Capabilities = () => unknownCapabilities
  new Gauge({
    name: 'spark_nanny_capability',
    help: 'Whether the cluster is known to have the capability (1 = yes).',
    labelNames: ['capability'],
    registers,
    collect() {
      for (const [capability, value] of Object.entries(currentCapabilities())) this.set({ capability }, value ? 1 : 0)
    },
  })
  return {
    showCapabilities: (current) => {
      currentCapabilities = current
    },
  }
}

const toKindLabel = (kind: string) => (kind === 'Pod' || kind === 'Service' ? kind : 'other')

/** How long one text is served. Anyone in the cluster may send requests, but the text must not be computed for each of them. */
const sharedForMs = 1_000
const maxConnections = 64

/** Returns the text of the last second, or of the rendering that is under way. */
function shareRendering(render: () => Promise<string>, nowMs: () => number): () => Promise<string> {
  let shared: { readonly text: Promise<string>; readonly untilMs: number } | undefined
  return () => {
    if (shared !== undefined && nowMs() < shared.untilMs) return shared.text
    const text = render()
    const rendering = { text, untilMs: Infinity }
    shared = rendering
    const settle = (untilMs: number) => () => {
      if (shared === rendering) shared = { text, untilMs }
    }
    text.then(() => settle(nowMs() + sharedForMs)(), settle(0))
    return text
  }
}

/** Serves `/metrics` over plain HTTP. */
export function createMetricsServer(metrics: Pick<Metrics, 'render' | 'contentType'>, nowMs: () => number): Server {
  const render = shareRendering(metrics.render, nowMs)
  const server = createServer({ requestTimeout: 10_000 }, async (request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    try {
      const text = await render()
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text)
    } catch {
      response.writeHead(500).end()
    }
  })
  // Prometheus gets a connection also while another client takes all it can.
  limitConnections(server, maxConnections)
  return server
}
