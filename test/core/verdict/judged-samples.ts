import { createJudgement, type Judgement, judge } from '../../../core/verdict/judge.ts'
import type { Observation, Sample } from '../../../core/verdict/witnesses.ts'
import { policyWith } from '../../support/driver-policy.ts'

export const policy = policyWith()

/** A sample of each sort, by the name that a test gives it. */
export const samples = {
  alive: { kind: 'alive', evidence: 'application' },
  page: { kind: 'alive', evidence: 'not-started' },
  forbidden: { kind: 'alive', evidence: 'authentication' },
  redirect: { kind: 'alive', evidence: 'redirect' },
  other: { kind: 'other', detail: 'the UI lists spark-x' },
  refused: { kind: 'refused' },
  late: { kind: 'inconclusive', detail: 'late' },
  timeout: { kind: 'failing', cause: 'timeout', detail: 'no answer', tookMs: 10_000 },
  slow: { kind: 'failing', cause: 'timeout', detail: 'no answer', tookMs: 130_000 },
  reset: { kind: 'failing', cause: 'reset', detail: 'ECONNRESET', tookMs: 1 },
  error: { kind: 'failing', cause: 'server-error', detail: 'HTTP 500', tookMs: 1 },
  malformed: { kind: 'failing', cause: 'malformed', detail: 'no list', tookMs: 1 },
} as const satisfies Record<string, Sample>

const isName = (name: string): name is keyof typeof samples => Object.hasOwn(samples, name)

/** A name of {@link samples}, `idle` for no running job, or `job7:3`: job 7 is running, and 3 of its tasks have ended. */
function observationNamed(name: string): Observation {
  if (isName(name)) return { ui: samples[name] }
  if (name === 'idle') return { ui: samples.alive, jobs: { jobs: [] } }
  const [, id, endedTasks] = /^job(\d+):(\d+)$/.exec(name) ?? []
  if (id === undefined) throw new Error(`no sample is named ${name}`)
  const job = { id: Number(id), endedTasks: Number(endedTasks), activeTasks: 1, streaming: null }
  return { ui: samples.alive, jobs: { jobs: [job] } }
}

/** The judgement after samples such as `0 alive, 10000 timeout`, each with the time at which it ended. */
export function judgedAfter(steps: string, answered = false, deadlines: Partial<typeof policy> = {}): Judgement {
  return steps.split(', ').reduce(
    (state, step) => {
      const [atMs, name = ''] = step.split(' ')
      return judge(state, observationNamed(name), { ...policy, ...deadlines }, Number(atMs))
    },
    createJudgement(0, { answered }),
  )
}

export function verdictText({ verdict }: Judgement): string {
  return verdict.kind === 'hung' ? `hung ${verdict.reason}` : verdict.kind
}

/** The kind of a sample, with its evidence or its cause. */
export function describeSample(sample: Sample): string {
  if (sample.kind === 'alive') return `alive ${sample.evidence}`
  return sample.kind === 'failing' ? `failing ${sample.cause}` : sample.kind
}
