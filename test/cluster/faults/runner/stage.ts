import { setTimeout as delay } from 'node:timers/promises'
import type { ApiAccess } from '../../../../kubernetes/client.ts'
import type { ControllerConfig } from '../../../../webhook/config/controller-config.ts'
import { runLabel } from '../lives/driver-pod.ts'
import type { ScriptedUis } from '../lives/scripted-ui.ts'
import { type FaultRates, noFaults } from '../proxy/fault.ts'
import { type FaultyProxy, type PassedWrite, startProxy } from '../proxy/proxy.ts'
import type { FastClock } from './fast-clock.ts'
import { knownLeader } from './leader.ts'
import { type Replica, startReplica } from './replica.ts'

export interface StageOptions {
  readonly seed: number
  readonly run: string
  /** The API server itself. */
  readonly access: ApiAccess
  /** Of the lease. */
  readonly namespace: string
  readonly clock: FastClock
  readonly uis: ScriptedUis
  readonly config: ControllerConfig
  readonly rates: FaultRates
}

/** The replicas of one run, each behind a faulty proxy of its own. */
export interface Stage {
  /** What all replicas wrote, as it reached their proxies. */
  readonly writes: PassedWrite[]
  join(name: string): Promise<void>
  /** The leader, or else another, is stopped as by SIGTERM; crash: nothing of it gets out any more. */
  leave(who: 'leader' | 'any', how: 'stop' | 'crash'): Promise<void>
  /** The leader hears and says nothing for so long, in real milliseconds. */
  cutLeader(ms: number): Promise<void>
  /** All faults end. */
  calm(): void
  leaders(): number
  /** What all replicas logged. */
  lines(): readonly object[]
  /** Forgets what was logged and written. */
  forget(): void
  /** What is under way though nothing is to be done; in words. */
  idleProblems(): readonly string[]
  /** Requests by fault. */
  counts(): ReadonlyMap<string, number>
  /** Ends all; what outlives it, in words. */
  close(): Promise<readonly string[]>
}

/** Sleeps of a replica that has nothing to do: lease, queue, lists of what the API does not have. */
const idleSleeps = 8
/** The most that the client's agent opens. */
const maxConnections = 33

export function openStage(options: StageOptions): Stage {
  const { seed, run, access, namespace, clock, uis, config } = options
  const writes: PassedWrite[] = []
  const leader = knownLeader()
  const proxies: FaultyProxy[] = []
  const present: { readonly replica: Replica; readonly proxy: FaultyProxy }[] = []
  /** Of who left nothing else is kept: it holds all that it knew. */
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
        rewrite: (path) => confined(path, run),
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
      gone.proxy.mend()
      await stopped
      left.push(...(await outliving(gone.replica)))
    },
    cutLeader: async (ms) => {
      const cut = present[leaderIndex()]
      cut?.proxy.cut()
      await delay(ms)
      cut?.proxy.mend()
    },
    calm: () => {
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
      for (const { replica } of present) left.push(...(await outliving(replica)))
      await delay(300)
      for (const proxy of proxies) {
        if (proxy.connections() > 0) left.push(`${proxy.connections()} connections outlive their replica`)
        await proxy.close()
      }
      return left
    },
  }
}

async function outliving({ name, sleeping }: Replica): Promise<readonly string[]> {
  await delay(100)
  return sleeping() > 0 ? [`${sleeping()} sleeps outlive ${name}`] : []
}

/** Other drivers of the same cluster are not ours: what is asked for all of it is asked for those of the run. */
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
