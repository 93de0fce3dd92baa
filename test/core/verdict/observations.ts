/** Observations for the tests of the judge: each witness with defaults, and the judgement after a list of them. */
import { createJudgement, type Judgement, judge } from '../../../core/verdict/judge.ts'
import type { JvmProcess, Observation, ProcessRecord, Sample } from '../../../core/verdict/witnesses.ts'
import { policy, samples } from './judged-samples.ts'

export const secondMs = 1_000
export const minuteMs = 60_000

export type Step = readonly [atMs: number, observation: Observation]

export function judgeSteps(
  steps: readonly Step[],
  deadlines: Partial<typeof policy> = {},
  before: Judgement = createJudgement(0),
): Judgement {
  return steps.reduce(
    (state, [atMs, observation]) => judge(state, observation, { ...policy, ...deadlines }, atMs),
    before,
  )
}

/** The verdict in words, such as `hung frozen certain`. */
export function describeVerdict({ verdict }: Judgement): string {
  return verdict.kind === 'hung' ? `hung ${verdict.reason} ${verdict.certainty}` : verdict.kind
}

export const jvm: JvmProcess = {
  startTicks: '4711',
  state: 'sleeping',
  cpuTicks: 1_000,
  threads: 80,
  hasDebugAgent: false,
  waitsForDisk: false,
}

export function record(
  recordedMs: number,
  fields: Partial<JvmProcess> = {},
  others: Partial<ProcessRecord> = {},
): ProcessRecord {
  return {
    recordedMs,
    jvm: { ...jvm, ...fields },
    pythonCpuTicks: null,
    throttledUs: null,
    oomKills: null,
    ...others,
  }
}

/** One observation every `everyMs` from `fromMs` to `toMs`. */
export function repeat(
  fromMs: number,
  toMs: number,
  everyMs: number,
  observe: (atMs: number) => Observation,
): readonly Step[] {
  const steps: Step[] = []
  for (let atMs = fromMs; atMs <= toMs; atMs += everyMs) steps.push([atMs, observe(atMs)])
  return steps
}

export const answers = (observation: Partial<Observation> = {}): Observation => ({ ui: samples.alive, ...observation })
export const times = (processes?: ProcessRecord, ui: Sample = samples.timeout): Observation =>
  processes === undefined ? { ui } : { ui, processes }
