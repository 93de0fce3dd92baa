import { type Beginning, ExceptionParser } from './exceptions/exception-parser.ts'
import type { ClassifiedLine, LineOrigin } from './line-origin.ts'
import type { ParsedLine, RecordHead } from './parsed-line.ts'

/**
 * Determines the origin of each line of a log, in order. Its only state is the current record or exception.
 */
export class LineClassifier {
  readonly #exceptions = new ExceptionParser()
  /** The origin of the current tree of exceptions. */
  #treePlace: LineOrigin = 'output'
  /** What the record or the line before announces: an exception (`record`), or also a traceback (`lead`). */
  #announces: 'nothing' | 'record' | 'lead' = 'nothing'
  #leadPlace: LineOrigin = 'output'
  #textLines = 0

  /** Returns undefined for lines that no rule searches, such as stack frames. */
  place({ number, text, head }: ParsedLine): ClassifiedLine | undefined {
    return head === null ? this.#otherLine(text, number) : this.#record(head, text, number)
  }

  #record({ level, logger, message, isJvm }: RecordHead, text: string, number: number): ClassifiedLine {
    const place = classifyRecord(level, logger, message)
    // JVM threads may write between the lines of a Python traceback.
    const interleaves = this.#exceptions.isInTraceback && isJvm
    const thrown = this.#exceptions.record(message, number, isJvm, place !== 'info')
    if (!interleaves) {
      this.#leadPlace = place
      // Python's logging prints the traceback of a caught exception below its record. Spark's logging never does.
      const leads = !isJvm && (place === 'error' || text.startsWith('WARNING:'))
      this.#announces = leads ? 'lead' : 'record'
      this.#textLines = 0
      if (thrown !== undefined) this.#treePlace = place
    }
    return { place, content: message, throwable: thrown !== undefined, begins: false, isRecord: true, thrown }
  }

  #otherLine(line: string, number: number): ClassifiedLine | undefined {
    const lead = this.#exceptions.isInTraceback ? undefined : findLeadOrigin(line)
    if (lead !== undefined) {
      this.#leadPlace = lead
      this.#announces = 'lead'
      return { place: lead, content: line, throwable: false, begins: false, isRecord: lead !== 'warning' }
    }
    const parsed = this.#exceptions.read(line, number)
    switch (parsed.kind) {
      case 'frame':
        return undefined
      case 'message':
        return { ...parsed.thrown, place: this.#treePlace, throwable: false, begins: false, thrown: parsed.thrown }
      case 'head': {
        const begins = this.#enterTree(parsed.begins)
        return {
          place: this.#treePlace,
          content: parsed.thrown.content,
          throwable: true,
          begins,
          thrown: parsed.thrown,
        }
      }
      case 'other':
        return this.#text(line)
    }
  }

  /** Decides the origin of a new tree. Returns whether it may have ended the program. */
  #enterTree(begins: Beginning): boolean {
    const announces = this.#announces
    this.#announces = 'nothing'
    switch (begins.kind) {
      case 'inner':
        return false
      case 'thread':
        this.#treePlace = begins.thread === 'main' ? 'uncaught' : 'thread'
        return true
      case 'traceback':
        this.#treePlace = announces === 'lead' ? this.#leadPlace : 'traceback'
        return announces !== 'lead'
      case 'printed':
        this.#treePlace = announces === 'nothing' ? 'printed' : this.#leadPlace
        return false
    }
  }

  #text(line: string): ClassifiedLine | undefined {
    if (line === '' && this.#announces === 'lead') return undefined
    this.#textLines += 1
    // The message of an error may have several lines before its exception.
    const continues =
      (this.#leadPlace === 'error' || this.#leadPlace === 'uncaught') && this.#textLines <= maxRecordLines
    if (!continues) this.#announces = 'nothing'
    else if (this.#announces === 'lead') this.#announces = 'record'
    return { place: 'output', content: line, throwable: false, begins: false }
  }
}

/** Lines of a record's message before its exception. */
const maxRecordLines = 5

/** Loggers that report about executors, not about the driver. */
const executorLoggers = /^(TaskSetManager|TaskSchedulerImpl|TaskResultGetter|ExecutorPodsLifecycleManager)$/

function classifyRecord(level: RecordHead['level'], logger: string, message: string): LineOrigin {
  const severe = level === 'error'
  if (!severe && level !== 'warn') return 'info'
  if (executorLoggers.test(logger) && /^(Lost |Task |Snapshot )/.test(message)) return 'executor'
  if (severe && /^(Error initializing SparkContext|Uncaught exception in thread Thread\[#?\d*,?main)/.test(message)) {
    return 'uncaught'
  }
  return severe ? 'error' : 'warning'
}

/** Recognizes Python lines whose traceback does not end the program: logged, in a thread, or ignored. */
function findLeadOrigin(line: string): LineOrigin | undefined {
  if (/^(ERROR|CRITICAL):|^Exception in thread [^"]{1,200}:$/.test(line)) return 'error'
  return /^(WARNING:[\w.]{1,200}:|--- Logging error ---$|Exception ignored in|Error in atexit\.)/.test(line)
    ? 'warning'
    : undefined
}
