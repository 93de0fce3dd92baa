import { hasFailedState } from '../evidence/application-state.ts'
import { valueIn } from '../evidence/evidence.ts'
import { lastWords } from './exit-symptoms.ts'
import type { Facts } from './facts.ts'
import { item, type RuleMatch } from './rule.ts'

/** Whether the operator could not create the driver. */
const hasNotSubmitted = ({ state, message }: { readonly state: string | null; readonly message: string | null }) =>
  state === 'SUBMISSION_FAILED' || /^failed to (run spark-submit|submit SparkApplication)/.test(message ?? '')

/** An application that the operator could not submit, with the reason from the output of spark-submit. */
export function failedSubmission(facts: Facts): RuleMatch | undefined {
  const application = valueIn(facts.evidence.application)
  const isOver = facts.run === 'current' && (facts.state === 'failed' || facts.state === 'absent')
  if (application === undefined || !isOver || facts.pod !== undefined || !hasNotSubmitted(application)) return undefined
  const { state, message } = application
  const first = item('application', `${state ?? 'failed'}: ${firstLine(message)}`)
  if (facts.logOf !== 'submission') return { evidence: [first], details: { why: firstLine(message) } }
  const { evidence, details } = lastWords(facts)
  return { evidence: evidence ?? [first], details: { why: details?.reason ?? firstLine(message) } }
}

/** An application that its operator has given up, and whose driver pod is gone. */
export function failedApplication({ evidence, pod, run, state }: Facts): RuleMatch | undefined {
  const application = valueIn(evidence.application)
  if (application === undefined || pod !== undefined || run !== 'current' || state !== 'failed') return undefined
  if (!hasFailedState(application) || hasNotSubmitted(application)) return undefined
  const why = application.message === null ? (application.state ?? '') : firstLine(application.message)
  return {
    evidence: [item('application', `${application.state}: ${firstLine(application.message)}`)],
    details: { why },
  }
}

const firstLine = (message: string | null) => (message ?? '').trim().split('\n')[0]?.slice(0, 300) ?? ''
