import { countFromFirstAnswer, type Judgement } from '../core/verdict/judge.ts'
import {
  type EnforcementInput,
  type EnforcementState,
  type EnforcementStep,
  saveRestartState,
  unchanged,
} from './enforcement-state.ts'

/** The first answer of a JVM: `max-run-time` counts from there, also after the sidecar has restarted. */
export interface FirstAnswer {
  readonly jvmStartTicks: string
  /** How old the driver's container was, by the clock of the node, whose steps change nothing. */
  readonly driverAgeMs: number
}

/** The sidecar's clock and that of the node differ by this much at most if the sidecar has run since the first answer. */
const clockSlackMs = 1_000

/**
 * Remembers when the JVM that answers now first did, or counts from what an earlier sidecar remembered. Only a record that was
 * made while the UI answers shows which JVM does.
 */
export function followFirstAnswer(
  state: EnforcementState,
  judgement: Judgement,
  { driverStart, time: { nowMs } }: EnforcementInput,
): EnforcementStep & { readonly judgement: Judgement } {
  const { run, firstAnswerMs, processes } = judgement
  const { newestJvm } = processes
  const keep = { ...unchanged(state), judgement }
  if (run.kind !== 'alive' || firstAnswerMs === null || newestJvm === null || newestJvm.recordedMs < run.sinceMs)
    return keep
  if (driverStart.kind !== 'known' || driverStart.ageMs === null) return keep
  const jvmStartTicks = newestJvm.jvm.startTicks
  const { firstAnswer } = state.restartState
  if (firstAnswer?.jvmStartTicks !== jvmStartTicks) {
    const driverAgeMs = Math.max(0, Math.round(driverStart.ageMs - (nowMs - firstAnswerMs)))
    const saved = saveRestartState(state, { ...state.restartState, firstAnswer: { jvmStartTicks, driverAgeMs } })
    return { ...saved, judgement }
  }
  const rememberedMs = nowMs - (driverStart.ageMs - firstAnswer.driverAgeMs)
  return rememberedMs < firstAnswerMs - clockSlackMs
    ? { ...keep, judgement: countFromFirstAnswer(judgement, rememberedMs) }
    : keep
}
