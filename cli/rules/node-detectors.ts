import { valueIn } from '../evidence/evidence.ts'
import type { Facts } from './facts.ts'
import { item, type RuleMatch } from './rule.ts'

/** How long pods tolerate a node that is not ready, by default (admission plugin DefaultTolerationSeconds). */
const notReadyPatienceMs = 300_000

/** The condition DisruptionTarget with one of these reasons. */
export function disruption({ pod }: Facts, ...reasons: readonly string[]): RuleMatch | undefined {
  const found = pod?.conditions.find(
    ({ type, status, reason }) => type === 'DisruptionTarget' && status === 'True' && reasons.includes(reason ?? ''),
  )
  if (found === undefined) return undefined
  return { evidence: [item('pod', `DisruptionTarget: ${found.reason}: ${found.message ?? ''}`)] }
}

export const nodeEvent = ({ events }: Facts, reasons: RegExp, message: RegExp): RuleMatch | undefined => {
  const found = events.findLast((entry) => reasons.test(entry.reason) && message.test(entry.message))
  return found && { evidence: [item('events', `${found.reason}: ${found.message}`, found.count)] }
}

export function notReady({ evidence, exit }: Facts): RuleMatch | undefined {
  const ready = valueIn(evidence.node)?.conditions.find(({ type }) => type === 'Ready')
  if (exit !== null || ready === undefined || ready.status === 'True') return undefined
  // A kubelet that reports False is still running; pods are evicted only if the state lasts.
  const sinceMs = evidence.collectedMs - (ready.sinceMs ?? 0)
  if (ready.status === 'False' && sinceMs < notReadyPatienceMs) return undefined
  return { evidence: [item('node', `Ready is ${ready.status}: ${ready.reason ?? ''}: ${ready.message ?? ''}`)] }
}
