import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import jsonPatch, { type Operation } from 'fast-json-patch'
import { createAuthority, issueServingCertificate } from '../../certs/pki/issue-certificates.ts'
import { freePorts } from '../support/free-ports.ts'

/** The real webhook in its own process, called as the API server calls it: by name, over TLS, trusting only its CA. */
export interface WebhookProcess {
  readonly pid: number
  readonly port: number
  /** The object as the API server would store it, and the webhook's warnings. */
  admit(review: Review): Promise<Admitted>
}

export interface Review {
  readonly request: { readonly uid: string; readonly object: object }
}

export interface Admitted {
  readonly object: unknown
  readonly reason: string
  readonly operations: readonly Operation[]
  readonly warnings: readonly string[]
  readonly tookMs: number
}

const serviceName = 'spark-nanny-webhook.spark-nanny.svc'
const readyWithinMs = 30_000

/** Starts the webhook without Kubernetes: its capabilities are configured. Its log is `dir`/webhook.log. */
export async function startWebhook(
  dir: string,
  sidecarImage: string,
  atEnd: (cleanUp: () => Promise<void>) => void,
): Promise<WebhookProcess> {
  const authority = createAuthority(new Date(), 1)
  const serving = issueServingCertificate(authority, [serviceName], new Date(), 1)
  const [certFile, keyFile] = [join(dir, 'tls.crt'), join(dir, 'tls.key')]
  await writeFile(certFile, serving.certificatePem)
  await writeFile(keyFile, serving.privateKeyPem, { mode: 0o600 })
  const [port, metricsPort] = await freePorts(2)
  const log = openSync(join(dir, 'webhook.log'), 'w')
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../webhook/main.ts')], {
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env.PATH,
      SPARK_NANNY_PORT: String(port),
      SPARK_NANNY_METRICS_PORT: String(metricsPort),
      SPARK_NANNY_TLS_CERT_FILE: certFile,
      SPARK_NANNY_TLS_KEY_FILE: keyFile,
      SPARK_NANNY_SIDECAR_IMAGE: sidecarImage,
      SPARK_NANNY_KUBERNETES: 'off',
      SPARK_NANNY_CAPABILITIES: 'native-sidecars,restart-all-containers',
      SPARK_NANNY_DRAIN: '0s',
    },
  })
  closeSync(log)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  atEnd(async () => {
    child.kill('SIGTERM')
    const killing = setTimeout(() => child.kill('SIGKILL'), 2_000)
    await ended
    clearTimeout(killing)
  })
  const call = (method: string, path: string, body?: string) =>
    httpsCall(port ?? 0, authority.certificatePem, method, path, body)

  await untilReady(
    () => call('GET', '/readyz'),
    () => child.exitCode !== null,
  )
  return {
    pid: child.pid ?? 0,
    port: port ?? 0,
    async admit(review) {
      const beganMs = performance.now()
      const answer = await call('POST', '/mutate', JSON.stringify(review))
      return admitted(review, answer, performance.now() - beganMs)
    },
  }
}

function admitted({ request: { uid, object } }: Review, { status, body }: Answer, tookMs: number): Admitted {
  if (status !== 200) throw new Error(`the webhook answered ${status}: ${body}`)
  const { response } = JSON.parse(body)
  if (response?.uid !== uid || response.allowed !== true) throw new Error(`the webhook did not allow: ${body}`)
  const operations: readonly Operation[] =
    response.patch === undefined ? [] : JSON.parse(Buffer.from(response.patch, 'base64').toString())
  const patched = jsonPatch.applyPatch(structuredClone(object), operations, true).newDocument
  const { reason = '' } = response.auditAnnotations ?? {}
  return { object: patched, reason, operations, warnings: response.warnings ?? [], tookMs }
}

interface Answer {
  readonly status: number
  readonly body: string
}

async function untilReady(ask: () => Promise<Answer>, ended: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + readyWithinMs
  let last = ''
  while (performance.now() < deadlineMs && !ended()) {
    const answer = await ask().catch((error: unknown) => ({ status: 0, body: String(error) }))
    if (answer.status === 200) return
    last = answer.body
    await sleep(50)
  }
  throw new Error(`the webhook did not become ready: ${ended() ? 'it ended' : last}`)
}

function httpsCall(port: number, ca: string, method: string, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const options = { host: '127.0.0.1', port, servername: serviceName, ca, method, path, headers, timeout: 10_000 }
    const call = request(options, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject)
    })
    call.once('timeout', () => call.destroy(new Error('timeout')))
    call.once('error', reject)
    call.end(body)
  })
}
