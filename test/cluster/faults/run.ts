import { setTimeout as delay } from 'node:timers/promises'
import { recordOf } from '../../../core/json.ts'
import { type ApiRequest, answerDetail } from '../../../webhook/kubernetes/api.ts'
import { type ApiAccess, createClient } from '../../../webhook/kubernetes/client.ts'
import { defaultConfig } from '../../webhook/controller/rig.ts'
import { startAudit } from './audit.ts'
import { runLabel } from './driver-pod.ts'
import { fastClock } from './fast-clock.ts'
import { noFaults } from './fault.ts'
import { healthyLives } from './healthy-lives.ts'
import { hungLives } from './hung-lives.ts'
import { violations } from './invariants.ts'
import { knownLeader } from './leader.ts'
import { type Evidence, unsettled, wasDeleted } from './outcome.ts'
import { type FaultyProxy, type PassedWrite, startProxy } from './proxy.ts'
import { between, seeded, weighted } from './random.ts'
import { type Replica, startReplica } from './replica.ts'
import { scriptedUis } from './scripted-ui.ts'
import { type PodRecord, startWorld } from './world.ts'

export interface RunOptions {
  readonly seed: number
  /** The API server itself. */
  readonly access: ApiAccess
  readonly guarded: string
  readonly bare: string
  readonly namespaceSelector: string
  readonly lives: number
  readonly writesPerSecond: number
  log(line: string): void
}

export interface RunReport {
  readonly problems: readonly string[]
  readonly figures: Readonly<Record<string, number | string>>
}

const speed = 25
/** Driver lives begin within so long, by the fast clock, and faults go on until most are through. */
const [birthsMs, stormMs] = [180_000, 260_000]

export async function runSeed(options: RunOptions): Promise<RunReport> {
  const { seed, access, guarded, bare, log } = options
  const run = `${process.pid}-${seed}`
  const begunMs = performance.now()
  const random = seeded(seed, 'run')
  const direct = createClient(access)
  const clock = fastClock(speed)
  const uis = scriptedUis(seed, clock)
  const audit = await startAudit(direct, `${runLabel} in (${run}-driver,${run}-executor)`)
  const world = startWorld({ ...options, run, api: direct, clock, audit, uis })
  // Every fourth seed keeps the rails that are shipped; elsewhere they must not hide what is done.
  const unhindered = seed % 4 !== 3
  const wide = { perNamespace: 100_000, perCluster: 100_000, breakerShare: 1 }
  const rails = { ...defaultConfig.rails, backoffMs: 10_000, ...(unhindered && wide) }
  const config = {
    ...defaultConfig,
    lease: `faults-${seed}`,
    namespaceSelector: options.namespaceSelector,
    fallback: { ...defaultConfig.fallback, mode: 'delete' as const, intervalMs: 5_000, timeoutMs: 5_000 },
    rails,
  }

  const writes: PassedWrite[] = []
  const leader = knownLeader()
  const counts = new Map<string, number>()
  const proxies: FaultyProxy[] = []
  const replicas: { readonly replica: Replica; readonly proxy: FaultyProxy }[] = []
  const stopped: Replica[] = []
  let rates = {
    requests: between(random, 0.1, 0.35),
    watches: between(random, 0.5, 0.9),
    connections: between(random, 0, 0.1),
  }
  const join = async (name: string) => {
    const proxy = await startProxy({
      replica: name,
      seed,
      access,
      rewrite: (path) => confined(path, run),
      writes,
      leader: leader.name,
      answered: leader.answered,
    })
    proxy.setRates(rates)
    proxies.push(proxy)
    replicas.push({ replica: startReplica({ name, seed, namespace: guarded, proxy, clock, config, uis }), proxy })
  }
  const leave = async (index: number, how: 'stop' | 'crash') => {
    const [gone] = replicas.splice(index, 1)
    if (gone === undefined) return
    if (how === 'crash') gone.proxy.cut()
    const stop = gone.replica.stop()
    if (how === 'crash') await delay(100)
    gone.proxy.mend()
    await stop
    stopped.push(gone.replica)
  }
  const leaderIndex = () =>
    Math.max(
      0,
      replicas.findIndex(({ replica }) => replica.name === leader.name()),
    )

  const kinds = Object.entries({ ...healthyLives, ...hungLives }).map(([kind, row]) => ({ kind, ...row }))
  const [firstKind, ...otherKinds] = kinds
  if (firstKind === undefined) throw new Error('no lives')
  await join('a1')
  await join('b1')
  const forever = new AbortController().signal
  const births = seeded(seed, 'births')
  for (let index = 0; index < options.lives; index += 1) {
    // Each kind is there; the rest as it comes.
    const { kind, live } = kinds[index] ?? weighted(births, [firstKind, ...otherKinds])
    const bornMs = births() * birthsMs
    world.start(kind, index, async (life) => {
      await life.sleep(bornMs)
      await live(life)
    })
  }
  // The faults of the whole: a leader that is cut off for longer than its lease, all replicas started anew, one that leaves.
  await clock.sleep(stormMs * 0.25, forever)
  const cut = replicas[leaderIndex()]
  cut?.proxy.cut()
  await delay(3_200)
  cut?.proxy.mend()
  await clock.sleep(stormMs * 0.2, forever)
  await Promise.all([leave(leaderIndex(), 'crash'), leave(0, 'stop')])
  await join('a2')
  await join('b2')
  await clock.sleep(stormMs * 0.3, forever)
  await leave(leaderIndex(), random() < 0.5 ? 'crash' : 'stop')
  await join('c3')
  while (world.pods.length < options.lives) await delay(100)
  await clock.sleep(stormMs * 0.25, forever)

  // From here on nothing goes wrong any more, and all must come right.
  rates = { requests: 0, watches: 0, connections: 0 }
  for (const { proxy } of replicas) proxy.setRates(noFaults)
  const calmMs = performance.now()
  const must = async (request: Omit<ApiRequest, 'deadlineMs'>) => {
    const answer = await direct.request({ ...request, deadlineMs: 60_000 })
    if (answer.kind === 'failed' || answer.status >= 300) throw new Error(`${request.path}: ${answerDetail(answer)}`)
    return recordOf(answer.body)
  }
  const look = async (): Promise<Evidence> => {
    const events = new Map<string, string[]>()
    for (const namespace of [guarded, bare]) {
      const { items } = await must({ method: 'GET', path: `/api/v1/namespaces/${namespace}/events` })
      for (const item of Array.isArray(items) ? items : []) {
        const { involvedObject, reason } = recordOf(item)
        const uid = String(recordOf(involvedObject).uid)
        events.set(uid, [...(events.get(uid) ?? []), String(reason)])
      }
    }
    return { world, audit, writes, events, rails, unhindered }
  }
  let evidence = await look()
  let left = unsettled(evidence)
  for (const deadlineMs = calmMs + 60_000; left.length > 0 && performance.now() < deadlineMs; ) {
    await delay(500)
    evidence = await look()
    left = unsettled(evidence)
  }
  const settledMs = performance.now()
  await delay(1_000)
  evidence = await look()
  const problems = [...left.map((text) => `not settled: ${text}`), ...violations(evidence)]
  const lines = [...stopped, ...replicas.map((one) => one.replica)].flatMap((replica) =>
    replica.lines.map(({ line }) => ({ replica: replica.name, ...line })),
  )
  const isUntold = ({ uid, expected }: PodRecord) =>
    expected.startsWith('deleted') &&
    wasDeleted(evidence, uid) &&
    !evidence.events.get(uid)?.includes('SparkNannyDeleted')
  if (process.env.TRAILS)
    for (const { uid, name } of world.pods.filter(isUntold)) log(trailOf(uid, name, writes, lines))
  for (const { uid, name } of world.pods.filter((record) =>
    problems.some((problem) => problem.includes(record.uid) || problem.includes(`/${record.name}:`)),
  )) {
    log(trailOf(uid, name, writes, lines))
  }
  const deletedBy = evidence.world.pods.filter(
    ({ uid, expected, deletedByUs }) => expected.startsWith('deleted') && !deletedByUs && wasDeleted(evidence, uid),
  )
  const untold = deletedBy
    .filter(({ uid }) => !evidence.events.get(uid)?.includes('SparkNannyDeleted'))
    .map(({ name }) => name)

  // All is over: nothing may be kept of what is gone.
  await world.end()
  for (const { metadata } of audit.pods()) {
    if (metadata.finalizers === undefined) continue
    await must({
      method: 'PATCH',
      path: `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { finalizers: null } },
    })
  }
  const selector = encodeURIComponent(`${runLabel} in (${run}-driver,${run}-executor,${run}-application)`)
  for (const namespace of [guarded, bare]) {
    for (const collection of [
      '/api/v1/namespaces/%/pods',
      '/apis/sparkoperator.k8s.io/v1beta2/namespaces/%/sparkapplications',
    ]) {
      await must({ method: 'DELETE', path: `${collection.replace('%', namespace)}?labelSelector=${selector}` })
    }
    await must({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/events` })
  }
  while (audit.pods().length > 0) await delay(100)
  await delay(2_000)
  for (const { replica, proxy } of replicas) {
    // Lease, queue, watches between two tries; and what a keep-alive agent keeps.
    if (replica.sleeping() > 8) problems.push(`${replica.name}: ${replica.sleeping()} sleeps are under way`)
    if (proxy.connections() > 33) problems.push(`${replica.name}: ${proxy.connections()} connections are open`)
  }
  await Promise.all(replicas.map(({ replica }) => replica.stop()))
  for (const replica of [...stopped, ...replicas.map((one) => one.replica)]) {
    if (replica.sleeping() > 0) problems.push(`${replica.name}: ${replica.sleeping()} sleeps outlive it`)
  }
  for (const proxy of proxies) {
    for (const [kind, count] of proxy.counts) counts.set(kind, (counts.get(kind) ?? 0) + count)
    if (proxy.connections() > 0) await delay(300)
    if (proxy.connections() > 0) problems.push(`${proxy.connections()} connections outlive their replica`)
    await proxy.close()
  }
  await must({ method: 'DELETE', path: `/apis/coordination.k8s.io/v1/namespaces/${guarded}/leases/faults-${seed}` })
  await audit.close()
  direct.close()
  const seconds = (ms: number) => Math.round(ms / 100) / 10
  const faulted = [...counts].filter(([kind]) => kind !== 'none' && kind !== 'watch-none')
  const figures = {
    seed,
    pods: world.pods.length,
    hung: world.pods.filter(({ expected }) => expected !== 'left-alone' && expected !== 'ignored').length,
    deleted: deletedBy.length,
    untold: untold.join(' '),
    excused: world.pods.filter(({ excuse }) => excuse !== null).length,
    leaders: leader.changes(),
    faults: faulted.reduce((total, [, count]) => total + count, 0),
    requests: [...counts.values()].reduce((total, count) => total + count, 0),
    writes: world.writes(),
    calmS: seconds(settledMs - calmMs),
    allS: seconds(performance.now() - begunMs),
  }
  log(`${JSON.stringify(figures)} ${JSON.stringify(Object.fromEntries(counts))}`)
  return { problems, figures }
}

/** All that was written and logged about one pod, to find out why. */
function trailOf(uid: string, name: string, writes: readonly PassedWrite[], lines: readonly object[]): string {
  const isOf = (value: unknown) => JSON.stringify(value).includes(uid)
  const passed = writes
    .filter((write) => isOf([write.body, write.answers]))
    .map(({ replica, method, path, fault, answers, receivedMs, body }) => {
      const reason = String(recordOf(body).reason ?? '')
      const statuses = answers.map(({ status }) => status).join('+') || 'not sent on'
      return `  ${Math.round(receivedMs)} ${replica} ${method} ${path.split('/').slice(-2).join('/')} ${reason} ${fault}: ${statuses}`
    })
  const said = lines.filter(isOf).map((line) => `  ${JSON.stringify(line).slice(0, 400)}`)
  return [name, ...passed, ...said].join('\n')
}

/** Other drivers of the same cluster are not ours. */
function confined(path: string, run: string): string {
  const label = encodeURIComponent(runLabel)
  const [bare = '', query] = path.split('?')
  if (query === undefined) return path
  const rest = query
    .replace('spark-role%3Ddriver', `${label}%3D${run}-driver`)
    .replace('spark-role%3Dexecutor', `${label}%3D${run}-executor`)
  const isApplications = bare.endsWith('/sparkapplications')
  return `${bare}?${rest}${isApplications ? `&labelSelector=${label}%3D${run}-application` : ''}`
}
