import { type ExceptionNode, listNodes, mapTexts } from './exceptions/exception-tree.ts'
import type { ClassifiedLine, LineOrigin } from './line-origin.ts'
import type { ParsedLine } from './parsed-line.ts'

/** The last record of level ERROR or FATAL, or the last exception that did not end the main thread. */
export interface LoggedError {
  /** Line number, starting at 1. */
  readonly number: number
  readonly text: string
  readonly place: LineOrigin
  /** The message of the record, or the exception if it stands alone. */
  readonly message: string
  /** The exception below the record, or null if there is none. */
  readonly tree: ExceptionNode | null
}

/** A line that the launcher or the program wrote: neither a record below WARN nor a stack frame. */
export interface LastWord {
  readonly number: number
  readonly text: string
  readonly place: LineOrigin
}

const maxExcerptLength = 400
const keptWords = 5

/**
 * Keeps the last error that was logged or printed, with its exception, and the last words of the program. They answer why
 * a driver ended if no exception ended it.
 */
export class ErrorTracker {
  #last: KeptError | null = null
  /** The tree of the last task that failed, for the record that gives the job up. */
  #lastTask: ExceptionNode | null = null
  #words: KeptWord[] = []

  note(placed: ClassifiedLine, { number, text: shown }: ParsedLine, isShuttingDown: boolean): void {
    const { place, thrown } = placed
    if (place === 'executor' && thrown !== undefined) this.#lastTask = thrown.tree
    if (place !== 'info' && place !== 'executor') this.#noteWords(placed, shown, number)
    if (isShuttingDown || place === 'info' || place === 'warning' || place === 'output') return
    if (place === 'executor') this.#noteAbortedJob(placed, shown, number)
    else this.#noteError(placed, shown, number)
  }

  #noteError({ place, content, isRecord, thrown }: ClassifiedLine, shown: string, number: number): void {
    if (/RECEIVED SIGNAL|^Lost executor /.test(content)) return
    const last = this.#last
    if (isRecord === true) {
      const isFollowUp = thrown === undefined && last !== null && last.tree !== null && number - last.number < 40
      if (!isFollowUp) this.#last = keep(place, content, shown, number, thrown?.tree ?? null)
      return
    }
    if (thrown === undefined || thrown.tree === last?.tree) return
    // The exception belongs to the record before it, unless another tree does already.
    if (last !== null && last.tree === null && last.place === place && number - last.number <= 6)
      last.tree = thrown.tree
    // What ended the program is no error before the end.
    else if (place !== 'uncaught' && place !== 'traceback')
      this.#last = keep(place, content, shown, number, thrown.tree)
  }

  /** `Task 0 in stage 0.0 failed 4 times; aborting job`: what the task threw is the error. */
  #noteAbortedJob({ content }: ClassifiedLine, shown: string, number: number): void {
    if (!content.includes('aborting job') || this.#lastTask === null) return
    this.#last = keep('executor', content, shown, number, this.#lastTask)
  }

  /** Lines that begin with `+` are the commands of the image's entry point. */
  #noteWords({ content, place, throwable, thrown }: ClassifiedLine, shown: string, number: number): void {
    if (content.trim() === '' || /^\++ /.test(content)) return
    this.#words.push({ number, text: shown, place, continues: throwable ? null : (thrown?.tree ?? null) })
    if (this.#words.length > keptWords) this.#words.shift()
  }

  end(redact: (text: string) => string): {
    readonly lastError: LoggedError | null
    readonly lastWords: readonly LastWord[]
  } {
    const last = this.#last
    return {
      lastError: last && {
        ...last,
        message: redact(last.message),
        text: redact(last.text),
        tree: last.tree && mapTexts(last.tree, redact),
      },
      lastWords: this.#words.map(({ number, text, place, continues }) => ({
        number,
        text: redact(copy(text)),
        // Without frames below it, an exception ended with its first line.
        place: continues !== null && listNodes(continues).every(({ frames }) => frames.length === 0) ? 'output' : place,
      })),
    }
  }
}

interface KeptWord extends LastWord {
  /** The exception whose message the line seems to continue, or null. */
  readonly continues: ExceptionNode | null
}

interface KeptError extends LoggedError {
  tree: ExceptionNode | null
}

const keep = (
  place: LineOrigin,
  content: string,
  shown: string,
  number: number,
  tree: ExceptionNode | null,
): KeptError => ({ number, text: copy(shown), message: copy(content), place, tree })

/** Copies the text, because a slice would keep the whole line in memory. */
const copy = (text: string): string => Buffer.from(text.slice(0, maxExcerptLength).trim()).toString()
