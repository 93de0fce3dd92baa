import { maxLogChars } from './messages.ts'

/** Sends the lines of a thread's log to the thread that writes them, so that lines of two threads are never mixed. */
export interface LogRelay {
  write(line: string): void
  /** The last text was written; the next one may be sent. */
  written(): void
  /** Sends what there is, without waiting. Call it before the thread ends. */
  flush(): void
}

/** One text is under way at a time. Lines that arrive meanwhile wait, up to a mebibyte; the others are dropped and counted. */
export function createLogRelay(send: (text: string, dropped: number) => void): LogRelay {
  let waiting: string[] = []
  let chars = 0
  let dropped = 0
  let isUnderWay = false
  let isScheduled = false
  const flush = () => {
    isScheduled = false
    if (waiting.length === 0) return
    const text = waiting.join('')
    const missing = dropped
    waiting = []
    chars = 0
    dropped = 0
    isUnderWay = true
    send(text, missing)
  }
  const schedule = () => {
    if (isUnderWay || isScheduled) return
    isScheduled = true
    // All lines of one turn are one message.
    setImmediate(flush)
  }
  return {
    write: (line) => {
      if (chars + line.length > maxLogChars) {
        dropped += 1
        return
      }
      waiting.push(line)
      chars += line.length
      schedule()
    },
    written: () => {
      isUnderWay = false
      if (waiting.length > 0) schedule()
    },
    flush,
  }
}
