import { type PrefixForm, possibleForms } from './prefix-forms.ts'
import { isTimedRecord } from './record-head.ts'

/** Share of the lines that must have a prefix. Blank lines and lines of the collector itself have none. */
const enoughLines = 0.8
/** Share of the lines after whose prefix something must begin that a layout never writes behind its own time. */
const enoughProofs = 0.05
const maxPrefixLength = 160

/**
 * What begins a line of a driver and never follows the time of the line's own layout: a record of Spark, a stack frame,
 * an exception, a traceback, a shell trace, or a line with a time of its own.
 */
const beginning =
  /^(?:\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d[ .,]|\s{1,8}at [\w$.<>/@-]{3,300}\(|Exception in thread |Caused by: |Traceback \(most| {2}File "|\+{1,2} \S|[\w$]{1,60}(?:\.[\w$]{1,100}){2,20}(?:Exception|Error)(?::|$)|\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d:\d\d:\d\d[.,]\d{3} |\{")/
/** The same without what may also stand inside a line of a program. */
const unmistakable =
  /\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d (?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL) |\[?(?:\d{2,4}[-/.]\d\d[-/.]\d{2,4}[T, ]{1,2}|(?<![-/.]\d{2,4}[T, ]{1,2}))\d\d:\d\d:\d\d.{0,60}?\b(?:INFO|WARN|ERROR)\b|(?:\t| {4})at [\w$.<>/@-]{3,300}\(|Exception in thread "|Caused by: |\+{1,2} (?:id -[ug]|myuid=|getent |set [+-]e|exec \/)|\{ ?"[\w@.]{1,40}": ?/

export const beginsLine = (text: string): boolean => beginning.test(text) || isTimedRecord(text)

/** A line that belongs to the record before it. Some collectors write the prefix only before the record. */
const continuation =
  /^(?:\s{1,8}(?:at |\.\.\. \d)|Caused by: | {2}File "|\s*$|[\w$]{1,60}(?:\.[\w$]{1,100}){2,20}(?:Exception|Error)(?::|$))/
export const continuesRecord = (text: string): boolean => continuation.test(text)

/** Where something begins that only the start of a container's line has, if that is not at the start of the text; else 0. */
export function findInnerBeginning(text: string): number {
  const at = text.slice(0, maxPrefixLength + 30).search(unmistakable)
  return at > maxPrefixLength || at < 0 ? 0 : at
}

/**
 * Learns the prefix that most of the lines share: one of the table, or any text that differs only in numbers. Undefined
 * if there is none. `lines` are at most some dozens.
 */
export function learnPrefix(lines: readonly string[], depth = 2): PrefixForm | undefined {
  const filled = lines.filter((line) => !continuesRecord(line))
  if (filled.length === 0) return undefined
  return possibleForms.find((form) => isShared(form, filled, depth)) ?? learnShape(filled)
}

/** Whether most lines have the prefix, and it is followed by beginnings of lines or, down to `depth`, by another prefix. */
function isShared({ pattern }: PrefixForm, lines: readonly string[], depth: number): boolean {
  const rests = lines.flatMap((line) => {
    const match = pattern.exec(line)
    return match === null || match[0] === '' ? [] : [line.slice(match[0].length)]
  })
  if (rests.length < enoughLines * lines.length) return false
  const proofs = rests.filter(beginsLine).length
  if (proofs > 0 && proofs >= enoughProofs * lines.length) return true
  return depth > 0 && learnPrefix(rests, depth - 1) !== undefined
}

function learnShape(lines: readonly string[]): PrefixForm | undefined {
  const shapes = new Set<string>()
  for (const line of lines) {
    const at = beginsLine(line) ? 0 : findInnerBeginning(line)
    if (at > 0) shapes.add(shapeOf(line.slice(0, at)))
  }
  // The shortest first: a longer one may contain the beginning of a line.
  for (const shape of [...shapes].sort((a, b) => a.length - b.length)) {
    const form = { name: 'learned', pattern: new RegExp(`^${shape}`) }
    if (isShared(form, lines, 0)) return form
  }
  return undefined
}

/** A pattern for the prefix in which each number and each level may differ. */
const shapeOf = (prefix: string): string =>
  prefix
    .trimEnd()
    .replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    .replace(/\b(?:[0-9a-f]{8,64}|\d{1,20})/g, (number) => (/^\d+$/.test(number) ? '\\d{1,20}' : '[0-9a-f]{8,64}'))
    .replace(/\b(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR)\b\s*/g, '(?:TRACE|DEBUG|INFO|WARNING|WARN|ERROR)\\s{0,3}') +
  (prefix === prefix.trimEnd() ? '' : `(?:[ \\t]{${prefix.length - prefix.trimEnd().length}}|$)`)
