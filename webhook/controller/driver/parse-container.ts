import { boundText } from '../../../core/bounded-text.ts'
import { isRecord, parseTimeMs, toRecord, toStringOrEmpty } from '../../../core/json.ts'
import type { Container } from '../../../core/kubernetes/pod.ts'
import type { ContainerEnd, ContainerState, DriverContainer } from './driver.ts'

/** Parses a container of the spec with its status. A container without a status is waiting. */
export function parseContainer(
  container: Container | undefined,
  statuses: readonly Record<string, unknown>[],
): DriverContainer {
  const status = statuses.find((item) => item.name === container?.name)
  const last = toRecord(status?.lastState).terminated
  return {
    name: container?.name ?? '',
    image: parseImage(container?.image ?? ''),
    state: parseState(toRecord(status?.state)),
    restarts: typeof status?.restartCount === 'number' ? status.restartCount : 0,
    last: isRecord(last) ? parseEnd(last) : null,
  }
}

function parseState({ running, terminated, waiting }: Record<string, unknown>): ContainerState {
  if (isRecord(running)) return { kind: 'running', startedMs: parseTimeMs(running.startedAt) ?? 0 }
  if (isRecord(terminated)) return { kind: 'ended', ...parseEnd(terminated) }
  const { reason, message } = toRecord(waiting)
  return { kind: 'waiting', reason: truncate(toStringOrEmpty(reason)), message: truncate(toStringOrEmpty(message)) }
}

function parseEnd(terminated: Record<string, unknown>): ContainerEnd {
  const [startedMs, finishedMs] = [parseTimeMs(terminated.startedAt), parseTimeMs(terminated.finishedAt)]
  return {
    exitCode: typeof terminated.exitCode === 'number' ? terminated.exitCode : -1,
    reason: truncate(toStringOrEmpty(terminated.reason)),
    message: truncate(toStringOrEmpty(terminated.message)),
    finishedMs,
    ranForMs: startedMs === null || finishedMs === null ? null : finishedMs - startedMs,
  }
}

/** The API server accepts an image of any length. A name has 255 characters at most, a tag or a digest 128. */
const maxImageLength = 1_024

/** A longer image counts as unknown: its beginning is another image, which must neither be compared nor used. */
const parseImage = (image: string) => (image.length <= maxImageLength ? boundText(image, maxImageLength) : '')

/** A kubelet's message may have any length. */
export const truncate = (text: string) => boundText(text, 300)
