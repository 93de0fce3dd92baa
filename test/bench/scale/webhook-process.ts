import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson, toRecord } from '../../../core/json.ts'
import { freePort } from '../../support/free-ports.ts'
import { bundleWebhook, imageRuntime, writeCertificate } from '../webhook-image.ts'
import type { ScaleApi } from './api-server.ts'
import { sidecarImage } from './drivers.ts'
import { type Processes, until } from './processes.ts'

/** A line of the process's log. */
export interface LogLine {
  readonly atMs: number
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** The webhook as its image runs it, with the permissions and the environment of the chart. */
export interface WebhookProcess {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  readonly metricsPort: number
  readonly startedMs: number
  readonly logFile: string
  log(): readonly LogLine[]
}

export interface WebhookSetup {
  readonly flags: readonly string[]
  readonly bundle: string
  readonly env: Readonly<Record<string, string>>
}

/** The setup that all processes of a benchmark share. */
export async function webhookSetup(dir: string, api: ScaleApi, token: string): Promise<WebhookSetup> {
  const serviceAccountDir = join(dir, 'service-account')
  mkdirSync(serviceAccountDir)
  writeFileSync(join(serviceAccountDir, 'token'), token, { mode: 0o600 })
  writeFileSync(join(serviceAccountDir, 'ca.crt'), api.caPem)
  const { certFile, keyFile } = await writeCertificate(dir)
  const { flags, env } = imageRuntime()
  return {
    flags,
    bundle: bundleWebhook(),
    env: {
      ...env,
      SPARK_NANNY_TLS_CERT_FILE: certFile,
      SPARK_NANNY_TLS_KEY_FILE: keyFile,
      SPARK_NANNY_SIDECAR_IMAGE: sidecarImage,
      SPARK_NANNY_NAMESPACE: 'spark-nanny',
      SPARK_NANNY_POD_NAME: 'spark-nanny-bench',
      SPARK_NANNY_SERVICE_ACCOUNT_DIR: serviceAccountDir,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(api.port),
    },
  }
}

/** Starts the webhook. Resolves when it listens, before it has listed any objects. */
export async function startWebhook(
  name: string,
  processes: Processes,
  setup: WebhookSetup,
  env: Readonly<Record<string, string>> = {},
  preload?: string,
): Promise<WebhookProcess> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const startedMs = Date.now()
  const { child, logFile } = processes.start(
    name,
    process.execPath,
    [...(preload === undefined ? [] : ['--import', preload]), ...setup.flags, setup.bundle],
    { ...setup.env, SPARK_NANNY_PORT: String(port), SPARK_NANNY_METRICS_PORT: String(metricsPort), ...env },
  )
  const log = () => linesOf(logFile)
  await until(`${name} listens`, 60_000, logFile, async () => log().some(({ event }) => event === 'listening'))
  return { child, pid: child.pid ?? 0, port, metricsPort, startedMs, logFile, log }
}

/** The complete lines of a log so far. */
export function linesOf(file: string): readonly LogLine[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const fields = toRecord(parseJson(line))
      return { atMs: Date.parse(String(fields.time)), event: String(fields.event), fields }
    })
}

/** The time at which the process leads and has listed all objects; undefined before. */
export function readyAtMs(
  lines: readonly LogLine[],
): { readonly syncedMs: number; readonly leadingMs: number } | undefined {
  const synced = lines.find(({ event, fields }) => event === 'synced' && fields.path === '/api/v1/pods')
  const leader = lines.find(({ event }) => event === 'leader-acquired')
  if (synced === undefined || leader === undefined) return undefined
  return { syncedMs: synced.atMs, leadingMs: Math.max(synced.atMs, leader.atMs) }
}
