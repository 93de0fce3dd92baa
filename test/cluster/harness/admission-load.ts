import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { V1Pod } from '@kubernetes/client-node'
import { Pool } from 'undici'
import type { Cluster } from './cluster.ts'
import { waitFor } from './processes.ts'
import { isInjected } from './sidecar.ts'

/** The outcome of one creation of a driver pod. Times are values of Date.now. */
interface Creation {
  readonly at: number
  readonly tookMs: number
  readonly phase: string
  readonly outcome: 'injected' | 'not-injected' | 'refused'
  readonly detail: string
}

export interface AdmissionLoad {
  /** Starts a phase: creations from now on are counted under its name. */
  readonly phase: (name: string) => void
  /** Stops the load and waits for all responses. */
  readonly stop: () => Promise<LoadReport>
}

export interface LoadReport {
  readonly created: number
  readonly perSecond: number
  /** The problems, one line each. */
  readonly failures: readonly string[]
  /** One line per phase with counts and latencies. */
  readonly phases: readonly string[]
}

/** A driver pod as spark-submit creates it. No scheduler handles it, so it is admitted and stored but never runs. */
const driverPod = (namespace: string, name: string): object => {
  const file = new URL('../../data/admission/driver-pod.spark-submit.json', import.meta.url)
  const { object } = JSON.parse(readFileSync(file, 'utf8')).request
  const { labels, annotations } = object.metadata
  const spec = { ...object.spec, schedulerName: 'nobody', serviceAccountName: 'spark', serviceAccount: 'spark' }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, labels, annotations }, spec }
}

/** Waits until the API server calls the webhook, which takes about a second after `helm install --wait`. */
export const waitForInjection = (cluster: Cluster, namespace: string): Promise<true> =>
  waitFor({ what: 'the API server asks the webhook', timeoutMs: 30_000, everyMs: 100 }, async () => {
    const body = driverPod(namespace, 'first') as V1Pod
    return isInjected(await cluster.core.createNamespacedPod({ namespace, body, dryRun: 'All' })) ? true : undefined
  })

/** One pod in this many is stored. The others are dry runs, which are admitted too, to limit the number of stored pods. */
const storedEvery = 50

/** Creates driver pods at a constant rate until it is stopped, without waiting for earlier responses. */
export const startAdmissionLoad = (cluster: Cluster, namespace: string, perSecond: number): AdmissionLoad => {
  const server = cluster.kubeConfig.getCurrentCluster()
  const user = cluster.kubeConfig.getCurrentUser()
  if (!server?.caFile || !user?.certFile || !user.keyFile) throw new Error('the admin kubeconfig names no files')
  const connect = {
    ca: readFileSync(server.caFile),
    cert: readFileSync(user.certFile),
    key: readFileSync(user.keyFile),
  }
  const pool = new Pool(server.server, { connections: 32, connect })
  const template = JSON.stringify(driverPod(namespace, 'NAME'))
  const creations: Creation[] = []
  const pending = new Set<Promise<void>>()
  let phase = 'quiet'
  let stopped = false

  const create = async (index: number): Promise<void> => {
    const begin = { at: Date.now(), phase }
    const from = performance.now()
    const finish = (outcome: Creation['outcome'], detail: string): void => {
      creations.push({ ...begin, tookMs: performance.now() - from, outcome, detail })
    }
    try {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/pods${index % storedEvery === 0 ? '' : '?dryRun=All'}`,
        headers: { 'content-type': 'application/json' },
        body: template.replace('"NAME"', `"load-${index}"`),
      })
      const answer = (await body.json()) as V1Pod & { readonly message?: string }
      if (statusCode !== 201) finish('refused', `HTTP ${statusCode}: ${answer.message}`)
      else finish(isInjected(answer) ? 'injected' : 'not-injected', '')
    } catch (error) {
      finish('refused', String(error))
    }
  }
  const run = async (): Promise<void> => {
    const begin = performance.now()
    for (let index = 0; !stopped; index++) {
      const done = create(index).finally(() => pending.delete(done))
      pending.add(done)
      await sleep(Math.max(0, begin + ((index + 1) * 1000) / perSecond - performance.now()))
    }
  }
  const running = run()
  return {
    phase: (name) => {
      phase = name
    },
    stop: async () => {
      stopped = true
      await running
      await Promise.all(pending)
      await pool.close()
      return reportOf(creations)
    },
  }
}

const reportOf = (creations: readonly Creation[]): LoadReport => {
  const first = creations[0]?.at ?? 0
  const seconds = (at: number) => ((at - first) / 1000).toFixed(1)
  const spanMs = Math.max(1, (creations.at(-1)?.at ?? 0) - first)
  const byPhase = Map.groupBy(creations, ({ phase }) => phase)
  return {
    created: creations.length,
    perSecond: Math.round((creations.length * 1000) / spanMs),
    failures: creations
      .filter(({ outcome }) => outcome !== 'injected')
      .map(({ at, phase, outcome, detail }) => `${seconds(at)} s, ${phase}: ${outcome} ${detail}`.trimEnd()),
    phases: [...byPhase].map(([phase, some]) => {
      const took = some.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
      const at = (share: number) => (took[Math.floor(took.length * share)] ?? 0).toFixed(0)
      return `${phase}: ${some.length} created, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
    }),
  }
}
