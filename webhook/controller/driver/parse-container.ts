import { isRecord, toRecord } from '../../../core/json.ts'
import type { Container } from '../../../core/kubernetes/pod.ts'
import type { ContainerEnd, ContainerState, ObservedContainer } from './driver.ts'

/** A container of the spec with its status; `waiting` when it has none yet. */
export function observeContainer(
  container: Container | undefined,
  statuses: readonly Record<string, unknown>[],
): ObservedContainer {
  const status = statuses.find((item) => item.name === container?.name)
  const last = toRecord(status?.lastState).terminated
  return {
    name: container?.name ?? '',
    image: container?.image ?? '',
    state: stateOf(toRecord(status?.state)),
    restarts: typeof status?.restartCount === 'number' ? status.restartCount : 0,
    last: isRecord(last) ? endOf(last) : null,
  }
}

function stateOf({ running, terminated, waiting }: Record<string, unknown>): ContainerState {
  if (isRecord(running)) return { kind: 'running', startedMs: timeOf(running.startedAt) ?? 0 }
  if (isRecord(terminated)) return { kind: 'ended', ...endOf(terminated) }
  const { reason, message } = toRecord(waiting)
  return { kind: 'waiting', reason: textOf(reason), message: cut(textOf(message)) }
}

function endOf(terminated: Record<string, unknown>): ContainerEnd {
  const [startedMs, finishedMs] = [timeOf(terminated.startedAt), timeOf(terminated.finishedAt)]
  return {
    exitCode: typeof terminated.exitCode === 'number' ? terminated.exitCode : -1,
    reason: textOf(terminated.reason),
    message: cut(textOf(terminated.message)),
    finishedMs,
    ranForMs: startedMs === null || finishedMs === null ? null : finishedMs - startedMs,
  }
}

/** The objects of a list; empty for what is none. */
export const listOf = (value: unknown): readonly Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : []
/** Empty for what is no text. */
export const textOf = (value: unknown) => (typeof value === 'string' ? value : '')
/** A kubelet's message may be of any length. */
export const cut = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}…` : text)

/** Milliseconds of a time as Kubernetes writes it; null when it is none. */
export function timeOf(value: unknown): number | null {
  const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(timeMs) ? null : timeMs
}
