import { inLog } from '../log/matcher.ts'
import type { LogHits } from '../log/scan.ts'
import { type Facts, logSource } from './facts.ts'
import type { RuleMatch } from './rule.ts'
import { registration } from './scheduling.ts'

/** fabric8 reports the API server's message about an executor pod that it refused. */
const refused = inLog('Failure executing: POST at: …/pods. Message: {why}. Received status', [
  'error',
  'warning',
  'thread',
  'printed',
])
/** ExecutorPodsAllocator and TaskSchedulerImpl report how an executor's container ended. */
const ended = inLog('The executor with id {id} exited with exit code {code}', ['executor', 'error', 'warning'])

/** Log lines that the observations in this file need. */
export const executorLines = [refused, ended] as const

/** Fewer may be a short disturbance. */
const enough = 3

/** Refusals that have rules of their own: quotas, limit ranges, RBAC, invalid pods and webhooks. */
const known =
  /quota: | usage per | cannot create resource |" is invalid: |webhook|being terminated|PriorityClass|too many requests|Operation cannot be fulfilled|Too long|service account/

/** The API server has refused every executor so far. */
export function refusedExecutors(facts: Facts): RuleMatch | undefined {
  const hits = facts.log?.hits.get(refused)
  const registered = facts.log?.hits.get(registration)?.last.number ?? 0
  if (hits === undefined || hits.count < enough || registered > 0) return undefined
  return known.test(hits.last.captures.why ?? '') ? undefined : describe(hits, facts)
}

/** Executors end soon after their start, and none has registered since the last one did. */
export function dyingExecutors(facts: Facts): RuleMatch | undefined {
  const hits = facts.log?.hits.get(ended)
  const { log } = facts
  if (log === undefined || hits === undefined || hits.count < enough) return undefined
  const registered = log.hits.get(registration)?.last.number ?? 0
  return registered > hits.last.number || log.milestones.jobDone > (hits.first[0]?.number ?? 0)
    ? undefined
    : describe(hits, facts)
}

function describe({ count, last }: LogHits, facts: Facts): RuleMatch {
  const { number, text, captures } = last
  return { evidence: [{ source: logSource(facts), line: number, excerpt: text, count }], details: captures }
}
