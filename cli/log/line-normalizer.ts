import { type JsonLine, readJsonLine } from './json-line.ts'
import { maxLineLength } from './lines.ts'
import type { ParsedLine, RecordHead } from './parsed-line.ts'
import { PartJoiner, type RawLine } from './part-joiner.ts'
import { certainForms, type PrefixForm, possibleForms, timeForms } from './prefix-forms.ts'
import { beginsLine, continuesRecord, findInnerBeginning, learnPrefix } from './prefix-learner.ts'
import { readRecordHead } from './record-head.ts'

/** A line without its prefixes. */
interface Peeled extends RawLine {
  readonly json: Extract<JsonLine, { kind: 'record' }> | undefined
  /** Whether the line lacks a prefix that was learned. */
  readonly isBare: boolean
  /** Whether another container wrote the line. */
  readonly isOther: boolean
  /** Whether JSON contained the line, which may then have line breaks. */
  readonly isUnpacked: boolean
}

/** Number of lines that are held back to learn their prefix, and their maximum length together in UTF-16 units. */
const windowLines = 40
const windowLength = 131_072
/** Prefixes of one line, such as that of Airflow before that of the kubelet. */
const maxLayers = 5
/** Maximum number of lines that pass, after a prefix was searched in vain, until the next search. */
const maxPause = 2_048

/** Containers and pods beside the driver, whose lines a viewer may mix with those of the driver. */
const otherContainer = /^(?:spark-nanny|istio-proxy|linkerd-proxy|vault-agent(?:-init)?)$/
const executorPod = /-exec-\d{1,9}$/

/**
 * Converts the lines of a log to those that the container wrote: removes colors and what collectors, viewers and
 * terminals put before a line, unpacks JSON, joins the parts of long lines and recognizes the beginnings of records.
 * Known prefixes are removed wherever they occur. Others are learned from the first lines, and again where the form of
 * the log changes. Holds back at most {@link windowLines} lines. Takes time linear in the length of the log.
 */
export class LineNormalizer {
  readonly #onLine: (line: ParsedLine) => void
  #layers: readonly PrefixForm[] = []
  #window: RawLine[] | undefined = []
  #windowLength = 0
  #pause = 0
  #nextPause = windowLines
  readonly #joiner = new PartJoiner((line) => this.#take(line))

  constructor(onLine: (line: ParsedLine) => void) {
    this.#onLine = onLine
  }

  /** Takes the next line of the log, without its line end. */
  push(number: number, line: string): void {
    this.#joiner.push({ number, text: removeEscapes(line) })
  }

  #take(raw: RawLine): void {
    if (this.#window === undefined) {
      const peeled = peel(raw, this.#layers)
      if (this.#pause > 0) this.#pause -= 1
      else if (this.#isUnexpected(peeled)) this.#window = []
      if (this.#window === undefined) {
        this.#emit(peeled)
        return
      }
    }
    this.#window.push(raw)
    this.#windowLength += raw.text.length
    if (this.#window.length >= windowLines || this.#windowLength >= windowLength) this.#learn(false)
  }

  /** Passes on the lines that were held back. */
  end(): void {
    this.#joiner.end()
    this.#learn(true)
  }

  #isUnexpected({ text, json, isBare }: Peeled): boolean {
    // Stack frames and records of Spark are most of the lines.
    if (this.#layers.length === 0 && (isBlank(text.charCodeAt(0)) ? isFrame(text) : hasSparkTime(text))) return false
    if (json !== undefined || continuesRecord(text)) return false
    return this.#layers.length > 0 ? isBare : seemsPrefixed(text)
  }

  /** Passes on the lines of the window, as far as their form is known. `isEnd`: no more lines will follow. */
  #learn(isEnd: boolean): void {
    let lines: readonly RawLine[] = this.#window ?? []
    this.#window = undefined
    while (lines.length > 0) {
      lines = this.#learnNext(lines)
      if (!isEnd) break
    }
    if (lines.length > 0) this.#window = [...lines]
    this.#windowLength = lines.reduce((sum, { text }) => sum + text.length, 0)
  }

  /**
   * Passes on the lines before the first unexpected one. Learns the prefixes of those that follow it, or only of the next
   * ones if the form changes once more, and passes on these. Returns the others.
   */
  #learnNext(lines: readonly RawLine[]): readonly RawLine[] {
    const before = this.#layers
    const at = lines.findIndex((line) => this.#isUnexpected(peel(line, before)))
    const found = at < 0 ? undefined : findLayers(lines, at, before)
    const begin = found?.begin ?? (at < 0 ? lines.length : at)
    for (const line of lines.slice(0, begin)) this.#emit(peel(line, before))
    if (at < 0) return []
    const rest = lines.slice(begin)
    const isOver = found === undefined && before.length > 0 && isMostlyBare(rest, before)
    if (found !== undefined || isOver) this.#layers = found?.layers ?? []
    this.#pauseAfter(found !== undefined || isOver)
    const count = found?.count ?? rest.length
    for (const line of rest.slice(0, count)) this.#emit(peelEither(line, this.#layers, before))
    return rest.slice(count)
  }

  #pauseAfter(isChanged: boolean): void {
    this.#pause = isChanged ? 0 : this.#nextPause
    this.#nextPause = isChanged ? windowLines : Math.min(maxPause, 2 * this.#nextPause)
  }

  #emit({ number, text, json, isOther, isUnpacked }: Peeled): void {
    if (isOther) return
    if (json !== undefined) {
      this.#onLine({ number, text: cutLine(json.text), head: cutHead(json.head) })
      for (const line of json.trace) this.#onLine({ number, text: cutLine(line), head: null })
      return
    }
    for (const line of isUnpacked && text.includes('\n') ? text.split('\n') : [text]) {
      const cut = cutLine(line)
      this.#onLine({ number, text: cut, head: readRecordHead(cut) ?? null })
    }
  }
}

const cutLine = (text: string) => (text.length > maxLineLength ? text.slice(0, maxLineLength) : text)
const cutHead = (head: RecordHead): RecordHead => ({ ...head, message: cutLine(head.message) })

/** Colors, cursor movements and titles of terminals (ECMA-48), and a byte order mark. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins the sequences.
const escapes = /\u001b(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\u0007\u001b]{0,400}(?:\u0007|\u001b\\)?|[@-Z\\-_])|\ufeff/g

const removeEscapes = (text: string) =>
  text.includes('\u001b') || text.charCodeAt(0) === 0xfeff ? text.replace(escapes, '') : text

/** Removes the prefixes of one line, from the outside to the inside. */
function peel({ number, text: raw }: RawLine, layers: readonly PrefixForm[]): Peeled {
  let text = raw
  let learned = 0
  let isOther = false
  let isUnpacked = false
  for (let layer = 0; layer < maxLayers; layer += 1) {
    const json = readJsonLine(text)
    if (json?.kind === 'record') return { number, text, json, isBare: false, isOther, isUnpacked }
    if (json !== undefined) {
      text = removeEscapes(json.text)
      isUnpacked = true
      continue
    }
    const form = matchCertain(text) ?? matchForm(layers[learned], text)
    if (form === undefined) break
    const rest = text.slice(form.length)
    const isNext = layers[learned + 1]?.pattern.test(rest) === true
    if (form.isLearned && !isNext && isOwnTime(layers[learned], text, rest)) {
      learned = layers.length
      break
    }
    if (form.isLearned) learned += 1
    const { pod = '', container = '' } = form.groups
    isOther ||= otherContainer.test(container) || executorPod.test(pod)
    text = rest
  }
  const isBare = learned < layers.length && text.trim() !== ''
  return { number, text, json: undefined, isBare, isOther, isUnpacked }
}

/** Whether the time at the start of the line belongs to the record, not to a collector. */
const isOwnTime = (form: PrefixForm | undefined, text: string, rest: string) =>
  form !== undefined &&
  timeForms.includes(form) &&
  !beginsLine(rest) &&
  findInnerBeginning(rest) === 0 &&
  readRecordHead(rest) === undefined &&
  (readRecordHead(text)?.logger ?? '') !== ''

/** Peels the line with the layers that fit it. */
function peelEither(line: RawLine, layers: readonly PrefixForm[], before: readonly PrefixForm[]): Peeled {
  const peeled = peel(line, layers)
  if (!peeled.isBare || before.length === 0) return peeled
  const other = peel(line, before)
  return other.isBare ? peeled : other
}

interface FoundPrefix {
  readonly length: number
  readonly groups: Readonly<Record<string, string | undefined>>
  readonly isLearned: boolean
}

function matchForm(form: PrefixForm | undefined, text: string): FoundPrefix | undefined {
  const match = form?.pattern.exec(text)
  if (match == null || match[0].length === 0) return undefined
  return { length: match[0].length, groups: match.groups ?? {}, isLearned: true }
}

/** A cheap test before the patterns: all certain forms have one of these signs near their start. */
const certainSign = /^(?:\d{4}-\d\d-\d\d[T ]|\[(?:pod\/|\d{4}-)|<\d|[A-Z][a-z]{2} [ \d]\d |[a-z0-9][a-z0-9.-]*\/)/
const isBlank = (code: number) => code === 32 || code === 9

function matchCertain(text: string): FoundPrefix | undefined {
  // Stack frames and records of Spark are most of the lines.
  if (isBlank(text.charCodeAt(0)) || text.charCodeAt(2) === slash || !certainSign.test(text)) return undefined
  for (const { pattern } of certainForms) {
    const match = pattern.exec(text)
    if (match !== null) return { length: match[0].length, groups: match.groups ?? {}, isLearned: false }
  }
  return undefined
}

/** Whether something stands before the beginning of the container's line. */
export function seemsPrefixed(text: string): boolean {
  const isRecord = readRecordHead(text) !== undefined
  if (!isRecord && findInnerBeginning(text) > 0) return true
  // The time of a record's own layout is not followed by a beginning, see learnPrefix.
  return (isRecord ? timeForms : possibleForms).some(({ pattern }) => {
    const match = pattern.exec(text)
    const rest = match === null ? '' : text.slice(match[0].length)
    return beginsLine(rest) || beginsLine(rest.trimStart()) || (isRecord && findInnerBeginning(rest) > 0)
  })
}

const slash = 47
const hasSparkTime = (text: string) => text.charCodeAt(2) === slash && /^\d\d\/\d\d\/\d\d \d\d:/.test(text)
const isFrame = (text: string) => text.startsWith('at ', 1) || text.startsWith('at ', 4)

interface FoundLayers {
  readonly layers: readonly PrefixForm[]
  /** Index of the first line that has them, and the number of lines that were looked at. */
  readonly begin: number
  readonly count: number
}

/** Searches for the prefixes of the lines from the unexpected one at index `at` on. */
function findLayers(lines: readonly RawLine[], at: number, before: readonly PrefixForm[]): FoundLayers | undefined {
  // The collector that wrote an unexpected line may also have written the lines before it, which had no sign of it.
  const begins = before.length === 0 && at > 0 ? [0, at] : [at]
  for (const begin of begins) {
    for (const count of [lines.length - begin, 12, 4]) {
      if (count > lines.length - begin) continue
      const layers = learnLayers(lines.slice(begin, begin + count))
      if (layers.length > 0) return { layers, begin, count }
    }
  }
  return undefined
}

/** Learns the prefixes of the lines, from the outside to the inside. */
function learnLayers(lines: readonly RawLine[]): readonly PrefixForm[] {
  const layers: PrefixForm[] = []
  while (layers.length < maxLayers) {
    const rests = lines.flatMap((line) => {
      const { text, json, isBare } = peel(line, layers)
      return json !== undefined || isBare ? [] : [text]
    })
    const form = learnPrefix(rests)
    if (form === undefined) return layers
    layers.push(form)
  }
  return layers
}

const isMostlyBare = (lines: readonly RawLine[], layers: readonly PrefixForm[]) =>
  2 * lines.filter((line) => peel(line, layers).isBare).length > lines.length
