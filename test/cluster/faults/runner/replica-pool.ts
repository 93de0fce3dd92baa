import { setTimeout as delay } from 'node:timers/promises'
import type { ApiAccess } from '../../../../kubernetes/client.ts'
import type { ControllerConfig } from '../../../../webhook/config/controller-config.ts'
import { type FaultRates, noFaults } from '../proxy/fault.ts'
import { type FaultyProxy, type PassedWrite, startProxy } from '../proxy/proxy.ts'
import { runLabel } from '../scenarios/driver-pod.ts'
import type { ScriptedUis } from '../scenarios/scripted-ui.ts'
import type { FastClock } from './fast-clock.ts'
import { createLeaderObserver } from './leader-observer.ts'
import { type Replica, startReplica } from './replica.ts'

export interface ReplicaPoolOptions {
  readonly seed: number
  readonly run: string
  /** The API server itself. */
  readonly access: ApiAccess
  /** Namespace of the lease. */
  readonly namespace: string
  readonly clock: FastClock
  readonly uis: ScriptedUis
  readonly config: ControllerConfig
  readonly rates: FaultRates
}

/** The replicas of one run, each behind its own faulty proxy. */
export interface ReplicaPool {
  /** The writes of all replicas, as they reached the proxies. */
  readonly writes: PassedWrite[]
  join(name: string): Promise<void>
  /** Stops the leader or another replica: `stop` as by SIGTERM, `crash` by cutting its network first. */
  leave(who: 'leader' | 'any', how: 'stop' | 'crash'): Promise<void>
  /** Cuts the leader's network for this many real milliseconds. */
  cutLeader(ms: number): Promise<void>
  /** Ends all faults. */
  endFaults(): void
  leaders(): number
  /** The log lines of all replicas. */
  lines(): readonly object[]
  /** Discards the recorded log lines and writes. */
  forget(): void
  /** Descriptions of activity that should have ended. */
  idleProblems(): readonly string[]
  /** Number of requests, by fault. */
  counts(): ReadonlyMap<string, number>
  /** Stops all replicas and proxies. Returns descriptions of what outlived them. */
  close(): Promise<readonly string[]>
}

/** Sleeps of an idle replica: lease, queue, and lists of APIs that the cluster does not serve. */
const idleSleeps = 8
/** Pods, nodes, namespaces, and the applications of two operators. */
const watches = 5
/** The maximum that the client's agent for requests opens, and one for each watch, which has an agent of its own. */
const maxConnections = 33 + watches

export function createReplicaPool(options: ReplicaPoolOptions): ReplicaPool {
  const { seed, run, access, namespace, clock, uis, config } = options
  const writes: PassedWrite[] = []
  const leader = createLeaderObserver()
  const proxies: FaultyProxy[] = []
  const present: { readonly replica: Replica; readonly proxy: FaultyProxy }[] = []
  /** Only logs are kept of a replica that left, because the replica itself holds all that it knew. */
  const logs: Pick<Replica, 'name' | 'lines'>[] = []
  const left: string[] = []
  let rates = options.rates
  const leaderIndex = () => Math.max(0, present.map(({ replica }) => replica.name).indexOf(leader.name()))
  return {
    writes,
    join: async (name) => {
      const proxy = await startProxy({
        replica: name,
        seed,
        access,
        rewrite: (path) => limitToRun(path, run),
        writes,
        leader: leader.name,
        answered: leader.answered,
      })
      proxy.setRates(rates)
      proxies.push(proxy)
      const replica = startReplica({ name, seed, namespace, proxy, clock, config, uis })
      logs.push({ name, lines: replica.lines })
      present.push({ replica, proxy })
    },
    leave: async (who, how) => {
      const [gone] = present.splice(who === 'leader' ? leaderIndex() : 0, 1)
      if (gone === undefined) return
      if (how === 'crash') gone.proxy.cut()
      const stopped = gone.replica.stop()
      if (how === 'crash') await delay(100)
      gone.proxy.restore()
      await stopped
      left.push(...(await findLeaks(gone.replica)))
    },
    cutLeader: async (ms) => {
      const cut = present[leaderIndex()]
      cut?.proxy.cut()
      await delay(ms)
      cut?.proxy.restore()
    },
    endFaults: () => {
      rates = noFaults
      for (const proxy of proxies) proxy.setRates(noFaults)
    },
    leaders: leader.changes,
    lines: () => logs.flatMap(({ name, lines }) => lines.map(({ line }) => ({ replica: name, ...line }))),
    forget: () => {
      writes.length = 0
      for (const { lines } of logs) lines.length = 0
    },
    idleProblems: () =>
      present.flatMap(({ replica, proxy }) => [
        ...(replica.sleeping() > idleSleeps ? [`${replica.name}: ${replica.sleeping()} sleeps are under way`] : []),
        ...(proxy.connections() > maxConnections
          ? [`${replica.name}: ${proxy.connections()} connections are open`]
          : []),
      ]),
    counts: () => {
      const sums = new Map<string, number>()
      for (const { counts } of proxies) {
        for (const [kind, count] of counts) sums.set(kind, (sums.get(kind) ?? 0) + count)
      }
      return sums
    },
    close: async () => {
      await Promise.all(present.map(({ replica }) => replica.stop()))
      for (const { replica } of present) left.push(...(await findLeaks(replica)))
      await delay(300)
      for (const proxy of proxies) {
        if (proxy.connections() > 0) left.push(`${proxy.connections()} connections outlive their replica`)
        await proxy.close()
      }
      return left
    },
  }
}

async function findLeaks({ name, sleeping }: Replica): Promise<readonly string[]> {
  await delay(100)
  return sleeping() > 0 ? [`${sleeping()} sleeps outlive ${name}`] : []
}

/** Limits requests for the whole cluster to the drivers of this run, because other tests share the cluster. */
function limitToRun(path: string, run: string): string {
  const label = encodeURIComponent(runLabel)
  const [bare = '', query] = path.split('?')
  if (query === undefined) return path
  const rest = query
    .replace('spark-role%3Ddriver', `${label}%3D${run}-driver`)
    .replace('spark-role%3Dexecutor', `${label}%3D${run}-executor`)
  const isApplications = bare.endsWith('/sparkapplications')
  return `${bare}?${rest}${isApplications ? `&labelSelector=${label}%3D${run}-application` : ''}`
}
