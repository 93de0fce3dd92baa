import { KeyLines } from '../redaction/key-lines.ts'
import { redactedText } from '../redaction/redactor.ts'
import { ErrorTracker, type LastWord, type LoggedError } from './error-tracker.ts'
import { type ExceptionNode, mapTexts } from './exceptions/exception-tree.ts'
import { ForeignLog } from './foreign-log.ts'
import { LineClassifier } from './line-classifier.ts'
import { LineNormalizer } from './line-normalizer.ts'
import type { ClassifiedLine, LineOrigin } from './line-origin.ts'
import { LineSplitter, maxRawLength } from './lines.ts'
import { type LogMilestones, LogTimeline } from './log-timeline.ts'
import type { LogMatcher } from './matcher.ts'
import type { ParsedLine } from './parsed-line.ts'
import { type Captures, matchPhrase } from './phrase.ts'
import { recordTimeMs } from './record-time.ts'
import { withEnglishErrors } from './system-errors.ts'

/** The result of one pass over a log. Its size does not depend on the length of the log. */
export interface LogReading {
  readonly lines: number
  readonly bytes: number
  /** Why a part of the log is missing, or null if the log is complete. */
  readonly cut: string | null
  readonly hits: ReadonlyMap<LogMatcher, LogHits>
  /** The exception that ended the main thread, outermost first. Empty if there was none or the driver continued after it. */
  readonly uncaught: readonly UncaughtLine[]
  /** The tree of that exception, or null. */
  readonly ending: EndingException | null
  /** The last error before the shutdown, or null. */
  readonly lastError: LoggedError | null
  /** The last lines that are neither records below WARN nor stack frames. At most five. */
  readonly lastWords: readonly LastWord[]
  readonly milestones: LogMilestones
  /** What the text is, if it is not the log of a driver: that of an executor, an error message, a compressed file. Else null. */
  readonly foreign: string | null
  /** Number of records. 0 if the layout of the log is not known, so that its lines cannot be judged by their level. */
  readonly records: number
  /** Number of the last record below WARN, which a driver writes while it works. 0 if there is none. */
  readonly lastInfoLine: number
  /** Times of the first and the last record below WARN, read as UTC, or null if the records have no time. */
  readonly firstRecordMs: number | null
  readonly lastRecordMs: number | null
  readonly tail: readonly LogLine[]
}

export interface LogLine {
  /** Line number, starting at 1. */
  readonly number: number
  readonly text: string
}

export interface UncaughtLine extends LogLine {
  readonly place: 'uncaught' | 'traceback'
}

export interface EndingException {
  readonly tree: ExceptionNode
  readonly place: 'uncaught' | 'traceback'
}

export interface LogHit extends LogLine {
  readonly place: LineOrigin
  readonly captures: Captures
  /** Whether a task on an executor threw the exception. */
  readonly byExecutor: boolean
  /** Whether the line belongs to a record of level ERROR or FATAL. */
  readonly isLogged: boolean
}

export interface LogHits {
  readonly count: number
  /** The first hits, at most {@link keptHits}. */
  readonly first: readonly LogHit[]
  readonly last: LogHit
  /** The last hit in an exception that ended the main thread, or null. */
  readonly uncaught: LogHit | null
}

const keptHits = 3
const keptTail = 12
const maxExcerptLength = 400

/**
 * Matches a log against matchers in one pass over its bytes. Takes time linear in the length of the log and constant
 * memory.
 */
export class LogScan {
  readonly #splitter = new LineSplitter((line) => this.#line(line), maxRawLength)
  readonly #normalizer = new LineNormalizer((line) => this.#look(line))
  readonly #byPlace = new Map<LineOrigin, LogMatcher[]>()
  readonly #hits = new Map<LogMatcher, KeptHits>()
  readonly #classifier = new LineClassifier()
  readonly #timeline = new LogTimeline()
  readonly #foreign = new ForeignLog()
  readonly #keyLines = new KeyLines()
  readonly #redact: (text: string) => string
  #lines = 0
  #records = 0
  #bytes = 0
  #lastInfoLine = 0
  #firstRecord = ''
  #lastRecord = ''
  #uncaught: UncaughtLine[] = []
  #ending: EndingException | null = null
  readonly #errors = new ErrorTracker()
  #tail: LogLine[] = []

  /** `redact` is applied to each line of the result. */
  constructor(matchers: Iterable<LogMatcher>, redact: (text: string) => string = (text) => text) {
    this.#redact = redact
    for (const matcher of matchers) {
      const { places } = matcher
      for (const place of places.includes('uncaught') ? [...places, 'traceback' as const] : places) {
        const listed = this.#byPlace.get(place) ?? []
        if (!listed.includes(matcher)) this.#byPlace.set(place, [...listed, matcher])
      }
    }
  }

  write(bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength
    this.#foreign.bytes(bytes)
    this.#splitter.write(bytes)
  }

  /** Returns the result. Call it once, after the last bytes. */
  end(cut: string | null = null): LogReading {
    this.#splitter.end()
    this.#normalizer.end()
    return {
      lines: this.#lines,
      bytes: this.#bytes,
      cut,
      hits: new Map([...this.#hits].map(([matcher, hits]) => [matcher, this.#shown(hits)])),
      uncaught: this.#uncaught
        .filter((line) => !this.#timeline.isOver(line))
        .map((line) => ({ ...line, text: this.#redact(line.text) })),
      ending: this.#shownEnding(),
      ...this.#errors.end(this.#redact),
      milestones: this.#timeline.milestones(),
      foreign: this.#timeline.isOfExecutor()
        ? 'the log of an executor, not of the driver'
        : this.#foreign.describe(this.#redact),
      records: this.#records,
      lastInfoLine: this.#lastInfoLine,
      firstRecordMs: recordTimeMs(this.#firstRecord),
      lastRecordMs: recordTimeMs(this.#lastRecord),
      tail: this.#tail.map(({ number, text }) => ({ number, text: this.#redact(copyExcerpt(text)) })),
    }
  }

  #line(line: string): void {
    this.#lines += 1
    this.#foreign.line(line)
    this.#normalizer.push(this.#lines, line)
  }

  #look(line: ParsedLine): void {
    const isKey = this.#keyLines.isInside(line.text)
    this.#tail.push(isKey ? { number: line.number, text: redactedText } : line)
    if (this.#tail.length > keptTail) this.#tail.shift()
    if (isKey) return
    if (line.head !== null) this.#records += 1
    const placed = this.#classifier.place(line)
    if (placed === undefined) return
    if (placed.place === 'info') {
      this.#lastInfoLine = line.number
      if (this.#firstRecord === '') this.#firstRecord = copyExcerpt(line.text)
      this.#lastRecord = line.text
      this.#timeline.record(placed.content, line.number)
    }
    // Spark logs this exception after Python's traceback. It only shows that Python has ended.
    const isEcho = placed.content.startsWith('org.apache.spark.SparkUserAppException: ')
    if (placed.throwable && !isEcho && (placed.place === 'uncaught' || placed.place === 'traceback')) {
      this.#keepUncaught(line, placed.place, placed)
    }
    this.#errors.note(placed, line, this.#timeline.isShuttingDown())
    this.#match(placed, line)
  }

  /** Matches the line, and each exception that it quotes. The innermost match counts. */
  #match(placed: ClassifiedLine, line: ParsedLine): void {
    const { place, content, thrown } = placed
    if (thrown === undefined) {
      // Most lines name no exception, so that this is the loop that decides the time of a scan.
      for (const matcher of this.#byPlace.get(place) ?? none) {
        const captures = matchPhrase(matcher.phrase, content)
        if (captures !== undefined) this.#keep(matcher, toHit(line, place, captures))
      }
      return
    }
    const texts = [{ text: content, byExecutor: thrown.byExecutor }, ...thrown.quoted].map((one) => ({
      ...one,
      text: withEnglishErrors(one.text),
    }))
    for (const matcher of this.#byPlace.get(place) ?? none) this.#matchTexts(matcher, texts, place, line)
    const reported = place === 'executor' ? none : texts.filter(({ byExecutor }) => byExecutor)
    if (reported.length === 0) return
    for (const matcher of this.#byPlace.get('executor') ?? none) {
      this.#matchTexts(matcher, reported, 'executor', line)
    }
  }

  #matchTexts(matcher: LogMatcher, texts: readonly QuotedText[], place: LineOrigin, line: ParsedLine): void {
    for (let level = texts.length - 1; level >= 0; level -= 1) {
      const { text, byExecutor } = texts[level] ?? { text: '', byExecutor: false }
      if (byExecutor && matcher.driverOnly === true && place !== 'executor') continue
      const captures = matchPhrase(matcher.phrase, matcher.driverOnly === true ? withoutTasks(text, texts) : text)
      if (captures === undefined) continue
      this.#keep(matcher, { ...toHit(line, place, captures), byExecutor })
      return
    }
  }

  /** A new chain of exceptions replaces the one before, because the last one ended the driver. */
  #keepUncaught({ number, text }: ParsedLine, place: UncaughtLine['place'], { begins, thrown }: ClassifiedLine): void {
    if (begins) this.#timeline.end(number)
    if (thrown === undefined || thrown.depth === 0) this.#uncaught = []
    if (thrown !== undefined) this.#ending = { tree: thrown.tree, place }
    if (this.#uncaught.length < 10) this.#uncaught.push({ number, text: copyExcerpt(text), place })
  }

  #shownEnding(): EndingException | null {
    const ending = this.#ending
    if (ending === null || this.#timeline.isOver({ number: ending.tree.line, place: ending.place })) return null
    return { ...ending, tree: mapTexts(ending.tree, this.#redact) }
  }

  #keep(matcher: LogMatcher, hit: LogHit): void {
    const { place } = hit
    const isEnd = place === 'uncaught' || place === 'traceback'
    const known = this.#hits.get(matcher)
    if (known === undefined) {
      this.#hits.set(matcher, { count: 1, first: [hit], last: hit, uncaught: isEnd ? hit : null })
      return
    }
    known.count += 1
    known.last = hit
    if (isEnd) known.uncaught = hit
    if (known.first.length < keptHits) known.first.push(hit)
  }

  #shown(hits: KeptHits): LogHits {
    const show = (hit: LogHit): LogHit => ({
      ...hit,
      // If the driver continued after the exception, it counts as a logged error.
      place: this.#timeline.isOver(hit) ? 'error' : hit.place,
      text: this.#redact(hit.text),
      captures: Object.fromEntries(Object.entries(hit.captures).map(([name, value]) => [name, this.#redact(value)])),
    })
    const { count, first, last, uncaught } = hits
    return {
      count,
      first: first.map(show),
      last: show(last),
      uncaught: uncaught === null || this.#timeline.isOver(uncaught) ? null : show(uncaught),
    }
  }
}

interface KeptHits {
  count: number
  readonly first: LogHit[]
  last: LogHit
  uncaught: LogHit | null
}

const toHit = ({ number, text }: ParsedLine, place: LineOrigin, captures: Captures): LogHit => ({
  number,
  text: copyExcerpt(text),
  place,
  captures,
  byExecutor: false,
  isLogged: place === 'error',
})

interface QuotedText {
  readonly text: string
  readonly byExecutor: boolean
}

/** The text before what a task on an executor threw. */
function withoutTasks(text: string, texts: readonly QuotedText[]): string {
  const task = texts.find(({ byExecutor }) => byExecutor)
  const at = task === undefined ? -1 : text.indexOf(task.text)
  return at < 0 ? text : text.slice(0, at)
}

const none: readonly never[] = []

/** Copies the text, because a slice would keep the whole original string in memory. */
function copyExcerpt(line: string): string {
  return Buffer.from(line.slice(0, maxExcerptLength).trimEnd()).toString()
}

/** Scans a complete text. */
export function scanText(text: string, matchers: Iterable<LogMatcher>): LogReading {
  const scan = new LogScan(matchers)
  scan.write(new TextEncoder().encode(text))
  return scan.end()
}
