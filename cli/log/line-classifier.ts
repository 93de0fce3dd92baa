import type { ClassifiedLine, LineOrigin } from './line-origin.ts'
import type { ParsedLine, RecordHead } from './parsed-line.ts'

/**
 * Determines the origin of each line of a log, in order. Its only state is the current record or exception.
 */
export class LineClassifier {
  #place: LineOrigin = 'output'
  /** What may follow. `head`: an exception of the last record; `lead`: an exception or a traceback; `trace`: frames and causes. */
  #inside: 'nothing' | 'head' | 'lead' | 'trace' | 'frames' | 'traceback' = 'nothing'
  #traceback: { readonly place: LineOrigin; readonly begins: boolean } = { place: 'traceback', begins: true }

  /** Returns undefined for lines that no rule searches, such as stack frames. */
  place({ text: line, head }: ParsedLine): ClassifiedLine | undefined {
    if (head !== null) return this.#record(head, line)
    const first = line.charCodeAt(0)
    if (first === tab || first === space) {
      if (this.#inside === 'trace' && isFrame(line)) this.#inside = 'frames'
      if (isFrame(line)) return undefined
    }
    return this.#inside === 'traceback' ? this.#pythonLine(line, first) : this.#otherLine(line)
  }

  #record({ level, logger, message, isJvm }: RecordHead, line: string): ClassifiedLine {
    const place = classifyRecord(level, logger, message)
    // JVM threads may write between the lines of a Python traceback.
    if (this.#inside !== 'traceback' || !isJvm) {
      this.#place = place
      // Python's logging prints the traceback of a caught exception below its record. Spark's logging never does.
      const leads = !isJvm && (place === 'error' || line.startsWith('WARNING:'))
      this.#inside = leads ? 'lead' : 'head'
    }
    return { place, content: message, throwable: false, begins: false }
  }

  #otherLine(line: string): ClassifiedLine | undefined {
    const uncaught = /^Exception in thread "([^"]{0,200})" (.*)$/.exec(line)
    if (uncaught !== null) {
      this.#inside = 'trace'
      return this.#throwable(uncaught[1] === 'main' ? 'uncaught' : 'thread', uncaught[2] ?? '', true)
    }
    if (line.startsWith('Traceback (most recent call last):')) {
      this.#beginTraceback()
      return undefined
    }
    const lead = findLeadOrigin(line, this.#traceback.place)
    if (lead !== undefined) {
      this.#place = lead
      this.#inside = 'lead'
      return { place: lead, content: line, throwable: false, begins: false }
    }
    return this.#javaException(line) ?? this.#text(line)
  }

  #beginTraceback(): void {
    const isLed = this.#inside === 'lead'
    if (!isLed) this.#place = 'traceback'
    this.#traceback = { place: this.#place, begins: !isLed }
    this.#inside = 'traceback'
  }

  /** Handles the line of a Java exception or of its cause. Returns undefined for other lines. */
  #javaException(line: string): ClassifiedLine | undefined {
    if (line.startsWith('Caused by: ') && this.#inside !== 'nothing') {
      this.#inside = 'trace'
      return this.#throwable(this.#place, line.slice('Caused by: '.length))
    }
    if (!isThrowable(line)) return undefined
    // py4j prints the Java exception below the Python exception.
    const underPython = line.startsWith(': ')
    const continues = /^(head|lead|trace)$/.test(this.#inside) || underPython
    this.#inside = 'trace'
    return this.#throwable(continues ? this.#place : 'printed', underPython ? line.slice(2) : line)
  }

  #text(line: string): ClassifiedLine | undefined {
    if (line === '' && this.#inside === 'lead') return undefined
    if (this.#inside === 'trace') return { place: this.#place, content: line, throwable: false, begins: false }
    // Text between an executor's stack frames and the driver's stack frames.
    if (this.#inside === 'frames' && (line === '' || line === 'Driver stacktrace:')) return undefined
    this.#place = 'output'
    this.#inside = 'nothing'
    return { place: 'output', content: line, throwable: false, begins: false }
  }

  /** Handles a line inside a traceback. The last line, which is not indented, names the exception. */
  #pythonLine(line: string, first: number): ClassifiedLine | undefined {
    if (line === '' || first === space) return undefined
    this.#inside = 'frames'
    return this.#throwable(this.#place, line, this.#traceback.begins)
  }

  #throwable(place: LineOrigin, content: string, begins = false): ClassifiedLine {
    this.#place = place
    const line: ClassifiedLine = { place, content, throwable: true, begins }
    // The following causes were reported by an executor.
    if (/^org\.apache\.spark\.SparkException: Job aborted due to stage failure/.test(content)) this.#place = 'executor'
    return line
  }
}

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

/**
 * Recognizes Python lines whose traceback does not end the program: logged, in a thread, or ignored. Also recognizes the
 * lines that join the tracebacks of one exception, which keep the origin of the traceback before.
 */
function findLeadOrigin(line: string, before: LineOrigin): LineOrigin | undefined {
  if (/^(ERROR|CRITICAL):|^Exception in thread [^"]{1,200}:$/.test(line)) return 'error'
  if (/^(WARNING:[\w.]{1,200}:|--- Logging error ---$|Exception ignored in|Error in atexit\.)/.test(line))
    return 'warning'
  return /^(During handling of the above exception, another|The above exception was the direct cause of)/.test(line)
    ? before
    : undefined
}

const tab = 9
const space = 32

const isFrame = (line: string) => /^\s{1,8}(at |\.\.\. \d)/.test(line)

/** Whether the line is a qualified class name, followed by a colon or the end of the line. */
function isThrowable(line: string): boolean {
  return /^(: )?(?:[a-zA-Z_$][\w$]{0,100}\.){1,15}[A-Z][\w$]{0,150}(?:: |:?$)/.test(line.slice(0, 600))
}
