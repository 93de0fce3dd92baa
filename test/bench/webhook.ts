import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FakeApiServer, startFakeApiServer } from '../support/fake-api-server.ts'
import type { Load, LoadResult } from './load.ts'
import { canPin, listeningPort, residentMb, spawnPinned } from './pinned-process.ts'
import { bundleWebhook, imageRuntime, writeCertificate } from './webhook-image.ts'

const serverCore = 0
const clientCore = 1
const connections = 8
/** The JIT compiler needs about ten thousand requests to compile all paths. */
const warmUpMs = 20_000
const roundMs = 2_000
const rounds = 6

/**
 * Requests a second of the webhook as the image runs it (bundled, with its caches filled from an API server, logging on),
 * against a Fastify route that parses the same bodies and answers a constant, in turns. The last line is JSON.
 */
export async function benchWebhook(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-bench-'))
  const api = await startFakeApiServer()
  const children: ChildProcess[] = []
  try {
    fillCluster(api)
    const runtime = imageRuntime()
    const { certFile, keyFile } = await writeCertificate(dir)
    const started = async (name: string, args: readonly string[], env: Readonly<Record<string, string>>) => {
      const logFile = join(dir, `${name}.log`)
      const child = spawnPinned(serverCore, args, { ...runtime.env, ...env }, [
        'ignore',
        openSync(logFile, 'w'),
        'inherit',
      ])
      children.push(child)
      return { child, port: await listeningPort(child, logFile), logFile }
    }
    const bundle = bundleWebhook()
    const webhook = await started('webhook', [...runtime.flags, bundle], {
      SPARK_NANNY_TLS_CERT_FILE: certFile,
      SPARK_NANNY_TLS_KEY_FILE: keyFile,
      SPARK_NANNY_SIDECAR_IMAGE: 'registry.invalid/spark-nanny-sidecar:1',
      SPARK_NANNY_NAMESPACE: 'spark-nanny',
      SPARK_NANNY_SERVICE_ACCOUNT_DIR: api.serviceAccountDir,
      SPARK_NANNY_PORT: '0',
      SPARK_NANNY_METRICS_PORT: '0',
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(api.port),
    })
    const ceiling = await started(
      'ceiling',
      [...runtime.flags, join(import.meta.dirname, 'ceiling-process.ts'), certFile, keyFile],
      {},
    )
    const client = spawnPinned(clientCore, [join(import.meta.dirname, 'load-process.ts')], {}, [
      'ignore',
      'inherit',
      'inherit',
      'ipc',
    ])
    children.push(client)
    await untilReady(webhook.port)

    const bodies = ['driver-pod.spark-operator', 'driver-pod.spark-submit'].map(capture)
    const measure = (port: number, durationMs: number) => load(client, { port, connections, durationMs, bodies })
    console.log(
      `${connections} connections, ${roundMs / 1000} s a round; ${canPin ? `server on core ${serverCore}, client on core ${clientCore}` : 'not pinned to cores'}`,
    )
    for (const { port } of [webhook, ceiling]) await measure(port, warmUpMs)
    const [ours, theirs]: [LoadResult[], LoadResult[]] = [[], []]
    let peakMb = 0
    for (let round = 1; round <= rounds; round += 1) {
      const mine = await measure(webhook.port, roundMs)
      const constant = await measure(ceiling.port, roundMs)
      const { nowMb } = residentMb(webhook.child.pid ?? 0)
      peakMb = Math.max(peakMb, nowMb)
      ours.push(mine)
      theirs.push(constant)
      console.log(
        `round ${round}: webhook ${rate([mine]).toFixed(0)}/s, constant ${rate([constant]).toFixed(0)}/s, RSS ${nowMb.toFixed(1)} MB`,
      )
    }
    const injected = countInjected(webhook.logFile)
    const failures = [...ours, ...theirs].reduce((sum, result) => sum + result.failures, 0)
    if (failures > 0 || injected === 0) throw new Error(`${failures} failed requests, ${injected} injections logged`)
    const latenciesMs = ours.flatMap((result) => result.latenciesMs).sort((a, b) => a - b)
    const at = (share: number) => Number((latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0).toFixed(2))
    console.log(
      JSON.stringify({
        requestsPerSecond: Math.round(rate(ours)),
        ceilingRatio: Number((rate(ours) / rate(theirs)).toFixed(3)),
        p50Ms: at(0.5),
        p99Ms: at(0.99),
        rssMb: Number(peakMb.toFixed(1)),
      }),
    )
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await api.close()
    await rm(dir, { recursive: true, force: true })
  }
}

const rate = (results: readonly LoadResult[]) =>
  (results.reduce((sum, { requests }) => sum + requests, 0) * 1000) /
  results.reduce((sum, { durationMs }) => sum + durationMs, 0)

async function load(client: ChildProcess, request: Load): Promise<LoadResult> {
  client.send(request)
  const [result] = (await once(client, 'message')) as [LoadResult]
  return result
}

const capture = (name: string) =>
  JSON.stringify(JSON.parse(readFileSync(join(import.meta.dirname, `../data/admission/${name}.json`), 'utf8')))

const countInjected = (logFile: string) => readFileSync(logFile, 'utf8').split('"reason":"injected"').length - 1

/** A cluster of 1.36 with a thousand SparkApplications, among them the one of the capture. */
function fillCluster(api: FakeApiServer): void {
  const collection = '/apis/sparkoperator.k8s.io/v1beta2/sparkapplications'
  api.define(
    '/api/v1/limitranges',
    '/api/v1/resourcequotas',
    '/api/v1/pods',
    '/apis/spark.apache.org/v1/sparkapplications',
  )
  api.set('/api/v1/nodes', {
    metadata: { name: 'node' },
    status: {
      nodeInfo: { kubeletVersion: 'v1.36.3' },
      declaredFeatures: ['RestartAllContainersOnContainerExits'],
    },
  })
  const application = (name: string, uid: string) => ({
    apiVersion: 'sparkoperator.k8s.io/v1beta2',
    kind: 'SparkApplication',
    metadata: { namespace: 'spark', name, uid, annotations: { 'spark-nanny.io/startup-deadline': '15m' } },
    spec: { restartPolicy: { type: 'OnFailure', onFailureRetries: 3 }, sparkConf: { 'spark.executor.memory': '1g' } },
  })
  for (let index = 0; index < 1000; index += 1) api.set(collection, application(`app-${index}`, `uid-${index}`))
  api.set(collection, application('opl', '38ba9050-1568-456e-843d-43a56b5c2db1'))
}

async function untilReady(port: number): Promise<void> {
  let answer = ''
  for (let attempt = 0; attempt < 200; attempt += 1) {
    answer = await readiness(port)
    if (answer.includes('"ok":true')) return
    await sleep(100)
  }
  throw new Error(`the webhook did not become ready: ${answer}`)
}

function readiness(port: number): Promise<string> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', path: '/readyz', rejectUnauthorized: false, agent: false }, (response) => {
      text(response).then(resolve, (error) => resolve(String(error)))
    }).on('error', (error) => resolve(String(error)))
  })
}
