import { hungReasons } from '../../core/verdict/verdict.ts'
import { readEffectiveConf } from '../evidence/effective-conf.ts'
import { type Evidence, valueIn } from '../evidence/evidence.ts'
import type { DumpedThread } from '../evidence/threads.ts'
import { inLog } from '../log/matcher.ts'
import { type Facts, isAlive, logSource } from './facts.ts'
import { item, type RuleMatch } from './rule.ts'

const stopped = inLog('Successfully stopped SparkContext', ['info'])
const exiting = inLog('Shutdown hook called', ['info'])

/** Log lines that the observations in this file need. */
export const findHangLines = [stopped, exiting] as const

/** Excludes TIMED_WAITING: a wait with a timeout ends. */
const waitsWithoutTimeout = ({ state }: DumpedThread) => state === 'BLOCKED' || state === 'WAITING'

/** A driver may still commit output this long after it closed its context. */
const endingPatienceMs = 120_000

export function deadlock(threads: readonly DumpedThread[]): RuleMatch | undefined {
  const byId = new Map(threads.filter(waitsWithoutTimeout).map((thread) => [thread.id, thread]))
  for (const start of byId.values()) {
    const path: DumpedThread[] = []
    let next: DumpedThread | undefined = start
    while (next !== undefined && !path.includes(next)) {
      path.push(next)
      next = next.blockedBy === null ? undefined : byId.get(next.blockedBy)
    }
    if (next !== start) continue
    const [first, ...rest] = path.map((thread) => item('threads', describeThread(thread)))
    if (first === undefined) continue
    return { evidence: [first, ...rest], details: { threads: path.map(({ name }) => name).join(' → ') } }
  }
  return undefined
}

export function blockedMain(threads: readonly DumpedThread[]): RuleMatch | undefined {
  const main = threads.find(({ name, state }) => name === 'main' && state === 'BLOCKED')
  if (main === undefined) return undefined
  const owner = threads.find(({ id }) => id === main.blockedBy)
  const evidence = [item('threads', describeThread(main))] as const
  if (owner === undefined) return { evidence }
  return { evidence: [...evidence, item('threads', describeThread(owner))], details: { owner: owner.name } }
}

/** Share of its time in garbage collection at which a driver makes almost no progress. */
export const deadlyGcShare = 0.5

/** ZGC and Shenandoah also count the time of concurrent cycles, which do not stop the program. */
const collectsConcurrently = (evidence: Evidence): boolean =>
  ['spark.driver.extraJavaOptions', 'spark.driver.defaultJavaOptions'].some((key) =>
    /-XX:\+Use(ZGC|ShenandoahGC)\b/.test(readEffectiveConf(evidence).get(key) ?? ''),
  )

export function garbageCollection({ evidence }: Facts): RuleMatch | undefined {
  const figures = valueIn(evidence.executors)
  if (figures?.driverGcMs == null || figures.driverSinceMs === null || collectsConcurrently(evidence)) return undefined
  const lifeMs = evidence.collectedMs - figures.driverSinceMs
  if (lifeMs < 60_000 || figures.driverGcMs / lifeMs < deadlyGcShare) return undefined
  const share = String(Math.round((figures.driverGcMs / lifeMs) * 100))
  const excerpt = `executor driver: TotalGCTime ${figures.driverGcMs} ms in ${lifeMs} ms`
  return { evidence: [item('executors', excerpt)], details: { share } }
}

function describeThread({ name, state, lock, frames }: DumpedThread): string {
  const waiting = lock === null ? '' : ` on ${lock}`
  return `"${name}" ${state}${waiting}: ${frames.slice(0, 3).join(' < ')}`
}

export function closedContext(facts: Facts): RuleMatch | undefined {
  const { evidence, log } = facts
  const end = log?.hits.get(stopped)?.last
  if (!isAlive(facts) || end === undefined || log === undefined) return undefined
  const exits = (log.hits.get(exiting)?.last.number ?? 0) > end.number
  if (exits || log.lastInfoLine > end.number || (quietMs(facts) ?? 0) < endingPatienceMs) return undefined
  const report = valueIn(evidence.sidecar)
  if (report !== undefined && !/^(stopping|hung)$/.test(report.state)) return undefined
  const [first, ...rest] = [
    { source: logSource(facts), line: end.number, excerpt: end.text, count: 1 },
    ...(report === undefined ? [] : [item('sidecar', `verdict ${report.state}`)]),
    ...nonDaemons(valueIn(evidence.threads) ?? []),
  ]
  return first && { evidence: [first, ...rest] }
}

/** A driver may prepare something between two jobs for this long. */
const idlePatienceMs = 10 * 60_000

/** Threads of programs that serve requests after `main` has returned: Thrift, Spark Connect, Livy, HTTP and RPC servers. */
const serves =
  /HiveServer2|HiveThriftServer|Thrift|grpc|spark-connect|livy|kyuubi|(?<!SparkUI.{0,40})qtp\d|http-?server|acceptor|netty-server/i

/** A main thread that has returned in a driver that does nothing any more. */
export function returnedMain(facts: Facts): RuleMatch | undefined {
  const { evidence, log } = facts
  const threads = valueIn(evidence.threads) ?? []
  const destroyer = threads.find(({ name }) => name === 'DestroyJavaVM')
  if (!isAlive(facts) || destroyer === undefined || threads.some(({ name }) => name === 'main')) return undefined
  const keepers = threads.filter(({ daemon, name }) => !daemon && name !== 'DestroyJavaVM')
  const { job, jobDone } = log?.milestones ?? { job: 0, jobDone: 0 }
  if (keepers.some(({ name }) => serves.test(name)) || job > jobDone) return undefined
  if ((quietMs(facts) ?? idlePatienceMs) < idlePatienceMs) return undefined
  const [first, ...rest] = [item('threads', '"DestroyJavaVM": main has returned'), ...nonDaemons(threads)]
  return (
    first && {
      evidence: [first, ...rest],
      details: {
        threads: keepers
          .map(({ name }) => name)
          .slice(0, 3)
          .join(', '),
      },
    }
  )
}

/** A program may download data for this long before it creates the SparkContext. */
const silentPatienceMs = 30 * 60_000

/** A container that has been running for long without a sign of Spark in its log. */
export function missingSpark(facts: Facts): RuleMatch | undefined {
  const { evidence, log, pod } = facts
  const state = pod?.driver.state
  if (!isAlive(facts) || state?.kind !== 'running' || state.startedMs === null || log === undefined) return undefined
  const ranMs = evidence.collectedMs - state.startedMs
  const hasAnswered = evidence.threads.kind === 'read' || evidence.executors.kind === 'read'
  const hasStarted = hasAnswered || valueIn(evidence.sidecar)?.answered === true
  if (ranMs < silentPatienceMs || hasStarted || log.records > 0 || log.lines === 0) return undefined
  const last = log.tail.findLast(({ text }) => text.trim() !== '')
  if (last === undefined) return undefined
  return {
    evidence: [{ source: logSource(facts), line: last.number, excerpt: last.text, count: 1 }],
    details: { minutes: String(Math.round(ranMs / 60_000)), last: last.text.slice(0, 60) },
  }
}

const nonDaemons = (threads: readonly DumpedThread[]) =>
  threads
    .filter(({ daemon, name }) => !daemon && name !== 'DestroyJavaVM')
    .slice(0, 5)
    .map((thread) => item('threads', describeThread(thread)))

/** Time zone offsets are multiples of 15 minutes. */
const zoneStepMs = 15 * 60_000

/**
 * Time since the last log record in milliseconds, or null if unknown. Assumes the time zone in which the first record
 * matches the start of the container.
 */
export function quietMs({ evidence, pod, log }: Facts): number | null {
  const state = pod?.driver.state
  if (state?.kind !== 'running' || state.startedMs === null) return null
  if (log?.firstRecordMs == null || log.lastRecordMs === null) return null
  const zoneMs = Math.round((state.startedMs - log.firstRecordMs) / zoneStepMs) * zoneStepMs
  return evidence.collectedMs - (log.lastRecordMs + zoneMs)
}

const hangMessage = new RegExp(`^(?:${hungReasons.join('|')}): .*`, 'm')

/** The line of a termination message in which spark-nanny’s probe gives its reason. Programs may have written other lines. */
export const findHangMessage = (message: string): string | undefined => hangMessage.exec(message)?.[0].slice(0, 300)
