import type { DriverContainerState } from '../evidence/driver-pod.ts'
import { inOutput } from '../log/matcher.ts'
import { type Facts, isNodeComing, logSource, podAgeMs } from './facts.ts'
import { item, type RuleMatch } from './rule.ts'

/** Until then a pod may pull a large image, attach volumes or wait for a dependency. */
export const startPatienceMs = 20 * 60_000

/** Spark's entrypoint.sh prints it if its first argument is neither `driver` nor `executor`. */
const passThrough = inOutput('Non-spark-on-k8s command provided, proceeding in pass-through mode')

/** Log lines that the observations in this file need. */
export const containerLines = [passThrough] as const

/** An entrypoint that does not know the command which Spark gives to a driver, and runs it as a program. */
export function foreignEntrypoint(facts: Facts): RuleMatch | undefined {
  const { pod, log } = facts
  const [command = ''] = pod?.driver.args ?? []
  const hit = log?.hits.get(passThrough)?.last
  if (hit === undefined || !/^driver(-py|-r)?$/.test(command)) return undefined
  if (log !== undefined && log.milestones.context > 0) return undefined
  const last = log?.tail.findLast(({ text }) => text.includes('exec '))
  const source = logSource(facts)
  const rest = last === undefined ? [] : [{ source, line: last.number, excerpt: last.text, count: 1 }]
  const details = { command, image: pod?.driver.image ?? 'the image' }
  return { evidence: [{ source, line: hit.number, excerpt: hit.text, count: 1 }, ...rest], details }
}

/** An init container that has failed, so that the driver cannot start. */
export function failedInitContainer({ pod, state, run }: Facts): RuleMatch | undefined {
  if (pod === undefined || run !== 'current' || !['pending', 'failed'].includes(state)) return undefined
  if (pod.driver.state.kind === 'terminated') return undefined
  for (const container of pod.others) {
    const failure = container.isInit ? describeFailure(container) : undefined
    if (failure !== undefined) {
      return { evidence: [item('pod', failure.excerpt)], details: { name: container.name, how: failure.how } }
    }
  }
  return undefined
}

function describeFailure({ name, state, last, restarts }: DriverContainerState) {
  const end = state.kind === 'terminated' ? state : last
  const waits = state.kind === 'waiting' && state.reason === 'CrashLoopBackOff'
  if (end === null || (end.exitCode === 0 && !waits)) return undefined
  const again = restarts > 0 ? `, ${restarts} restarts` : ''
  const message = end.message === null ? '' : `: ${end.message}`
  const how = `exit code ${end.exitCode}${end.reason === 'OOMKilled' ? ' (OOMKilled)' : ''}${again}`
  return { how, excerpt: `init container ${name}: ${end.reason ?? 'terminated'}, ${how}${message}` }
}

/** A driver that completed in a pod that failed, because another of its containers did. */
export function failedOtherContainer({ pod, state, exit }: Facts): RuleMatch | undefined {
  if (pod === undefined || state !== 'failed' || exit?.exitCode !== 0) return undefined
  for (const { name, state: end, isInit } of pod.others) {
    if (isInit || end.kind !== 'terminated' || end.exitCode === 0) continue
    const how = `exit code ${end.exitCode}`
    return {
      evidence: [item('pod', `container ${name}: ${end.reason ?? 'terminated'}, ${how}`)],
      details: { name, how },
    }
  }
  return undefined
}

/** A pod that waits for its containers, or for a node, longer than any start takes. Its Events may have expired. */
export function lateStart(facts: Facts, where: 'scheduled' | 'unscheduled'): RuleMatch | undefined {
  const { pod, state, evidence } = facts
  if (pod === undefined || state !== 'pending' || isNodeComing(facts)) return undefined
  const scheduled = pod.conditions.find(({ type }) => type === 'PodScheduled')
  const isScheduled = scheduled?.status === 'True' || (scheduled === undefined && pod.node !== null)
  if (isScheduled !== (where === 'scheduled')) return undefined
  const sinceMs = isScheduled ? (scheduled?.sinceMs ?? pod.createdMs) : pod.createdMs
  const waitedMs = sinceMs === null ? podAgeMs(facts) : evidence.collectedMs - sinceMs
  if (waitedMs === null || waitedMs < startPatienceMs) return undefined
  const minutes = String(Math.round(waitedMs / 60_000))
  const waiting = [...pod.others.filter(({ isInit }) => isInit), pod.driver].find(
    ({ state: at }) => at.kind !== 'terminated',
  )
  const { name, what } = describeWait(waiting ?? pod.driver)
  const excerpt = isScheduled ? `${name}: ${what} for ${minutes} minutes` : `not scheduled for ${minutes} minutes`
  return { evidence: [item('pod', excerpt)], details: { minutes, name } }
}

function describeWait({ name, state, isInit }: DriverContainerState) {
  const kind = isInit ? 'init container' : 'container'
  const what = state.kind === 'waiting' ? (state.reason ?? 'waiting') : state.kind
  return { name: `${kind} ${name}`, what }
}
