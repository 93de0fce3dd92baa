import { numberField, textField, toRecord, toText } from '../../core/json.ts'

/** One thread from the Spark UI's thread dump of the driver (org.apache.spark.status.api.v1.ThreadStackTrace). */
export interface DumpedThread {
  readonly id: number
  readonly name: string
  readonly state: string
  readonly daemon: boolean
  /** ID of the thread that holds the lock that this thread waits for. */
  readonly blockedBy: number | null
  readonly lock: string | null
  /** Stack frames, innermost first. */
  readonly frames: readonly string[]
}

/** Parses the response of /api/v1/applications/ID/executors/driver/threads. Returns undefined if it is not a thread dump. */
export function parseThreadDump(value: unknown): readonly DumpedThread[] | undefined {
  if (!Array.isArray(value) || value.some((entry) => numberField(entry, 'threadId') === null)) return undefined
  return value.map((entry: unknown) => {
    const { stackTrace, isDaemon } = toRecord(entry)
    const { elems } = toRecord(stackTrace)
    return {
      id: numberField(entry, 'threadId') ?? 0,
      name: textField(entry, 'threadName') ?? '',
      state: textField(entry, 'threadState') ?? '',
      daemon: isDaemon === true,
      blockedBy: numberField(entry, 'blockedByThreadId') ?? numberField(entry, 'lockOwnerId'),
      lock: textField(entry, 'blockedByLock') ?? textField(entry, 'lockName'),
      frames: Array.isArray(elems) ? elems.map((frame) => toText(frame).trim().split('\n')[0] ?? '') : [],
    }
  })
}
