import { get, request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { captureText } from '../../support/admission-captures.ts'
import type { Processes } from './processes.ts'
import { readyAtMs, startWebhook, type WebhookProcess, type WebhookSetup } from './webhook-process.ts'

export interface StartUp {
  readonly webhook: WebhookProcess
  /** Time from the start of the process until all drivers are known, and until it also leads. */
  readonly syncMs: number
  readonly leadMs: number
  /** Latencies of AdmissionReviews during the start. */
  readonly admissionsMs: readonly number[]
  /** The longest that the event loop was held up from listening to leading, where it was looked at; else null. */
  readonly heldUp: { readonly clockMs: number; readonly cpuMs: number } | null
}

/** The lease of a dead replica is taken over after 15 s. */
const startDeadlineMs = 120_000
const betweenAdmissionsMs = 20

/** Starts the process under test and sends it AdmissionReviews until it leads. */
export async function startUp(
  name: string,
  processes: Processes,
  setup: WebhookSetup,
  options: { readonly env?: Readonly<Record<string, string>>; readonly watchEventLoop?: boolean } = {},
): Promise<StartUp> {
  const preload = options.watchEventLoop ? join(import.meta.dirname, 'event-loop.ts') : undefined
  const webhook = await startWebhook(name, processes, setup, options.env, preload)
  const listeningMs = Date.now()
  const admissionsMs: number[] = []
  const body = captureText('driver-pod.spark-operator')
  for (const endMs = Date.now() + startDeadlineMs; ; await sleep(betweenAdmissionsMs)) {
    const ready = readyAtMs(webhook.log())
    if (ready !== undefined) {
      // The lines of the following second include it too.
      await sleep(2_000)
      return {
        webhook,
        syncMs: ready.syncedMs - webhook.startedMs,
        leadMs: ready.leadingMs - webhook.startedMs,
        admissionsMs,
        heldUp: heldUpBetween(webhook, listeningMs + 1_000, ready.leadingMs + 1_000),
      }
    }
    if (Date.now() > endMs) throw new Error(`${name} does not lead: ${JSON.stringify(webhook.log().slice(-5))}`)
    const beganMs = performance.now()
    await post(webhook.port, body)
    admissionsMs.push(performance.now() - beganMs)
  }
}

function heldUpBetween(webhook: WebhookProcess, fromMs: number, toMs: number): StartUp['heldUp'] {
  const lines = webhook.log().filter(({ event, atMs }) => event === 'event-loop' && atMs >= fromMs && atMs <= toMs)
  const most = (key: string) => Math.max(...lines.map(({ fields }) => Number(fields[key])))
  return lines.length === 0 ? null : { clockMs: most('heldUpMs'), cpuMs: most('cpuMs') }
}

function post(port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const options = { port, host: '127.0.0.1', path: '/mutate', method: 'POST', headers, rejectUnauthorized: false }
    request(options, (response) => text(response).then(resolve, reject))
      .on('error', reject)
      .end(body)
  })
}

/** Sends a probe as a kubelet does. The response is ignored. */
export function askReadiness(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/readyz', rejectUnauthorized: false, agent: false }, (response) => {
      text(response).then(() => resolve(), reject)
    }).on('error', reject)
  })
}
