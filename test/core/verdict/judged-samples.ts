import { createJudgement, type Judgement, judge, type Sample } from '../../../core/verdict/verdict.ts'

export const policy = {
  intervalMs: 5_000,
  timeoutMs: 10_000,
  failureThreshold: 3,
  startupDeadlineMs: 600_000,
  stopDeadlineMs: 600_000,
  stallDeadlineMs: null as number | null,
}

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
  reset: { kind: 'failing', cause: 'reset', detail: 'ECONNRESET', tookMs: 1 },
  error: { kind: 'failing', cause: 'server-error', detail: 'HTTP 500', tookMs: 1 },
  malformed: { kind: 'failing', cause: 'malformed', detail: 'no list', tookMs: 1 },
  idle: { kind: 'alive', evidence: 'application', work: { jobs: [] } },
} as const satisfies Record<string, Sample>

const isName = (name: string): name is keyof typeof samples => Object.hasOwn(samples, name)

/** A name of {@link samples}, or `job7:3`: alive, with job 7 running, of which 3 tasks have ended. */
function sampleNamed(name: string): Sample {
  if (isName(name)) return samples[name]
  const [, id, endedTasks] = /^job(\d+):(\d+)$/.exec(name) ?? []
  if (id === undefined) throw new Error(`no sample is named ${name}`)
  return { ...samples.alive, work: { jobs: [{ id: Number(id), endedTasks: Number(endedTasks) }] } }
}

/** The judgement after samples such as `0 alive, 10000 timeout`, each with the time at which it ended. */
export function judgedAfter(steps: string, answered = false, deadlines: Partial<typeof policy> = {}): Judgement {
  return steps.split(', ').reduce(
    (state, step) => {
      const [atMs, name = ''] = step.split(' ')
      return judge(state, sampleNamed(name), { ...policy, ...deadlines }, Number(atMs))
    },
    createJudgement(0, answered),
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
