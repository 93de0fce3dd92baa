import { isQuote, type OpenDelimiter, OpenDelimiters } from './delimiters.ts'
import { continuesSentence, isSentence } from './false-positives.ts'
import { findQuotedValue, findValueToQuote } from './quoted-value.ts'
import { isSecretName } from './secret-names.ts'
import { findBareValue, findEntryValue, findValueToEnd } from './unquoted-value.ts'
import type { ValueSpan } from './value-span.ts'

/** Matches a name and an assignment sign. Starts only at the start of a word, so that matching takes linear time. */
const assigned =
  /(?<![\w.-])((?:(?:access|secret|private|api|account|encryption|signing) )?-{0,2}[A-Za-z_][\w.-]*)(\\*["'`]?\]?\s{0,3}(?:=>|->|:=|(?<=\s)==(?=\s)|=|:(?!:)|,(?=\S)|-?\\u003[adeADE]|%3[adAD])\s{0,3})/g

/** Matches an option such as `--password …`. */
const option = /(?<![\w.-])(--?[A-Za-z][\w.-]*)([ \t]{1,20})(?!--?[A-Za-z])(?=\S)/g

/** Matches a line of a properties file without an assignment sign. Two or more spaces separate columns. */
const property = /^([ \t]{0,80}[\w-]{1,100}(?:\.[\w-]{1,100}){1,20})([ \t]{1,200})(?=\S)/

/** Matches an environment variable in JSON, in YAML, or in the toString form of a Java object. */
const named =
  /\bname\\*["']?\s{0,3}[:=]\s{0,3}\\*["']?([\w.-]{1,200})\\*["']?[\s,]{1,80}\\*["']?value\\*["']?\s{0,3}[:=]\s{0,3}/gi

const schemes =
  /^(?:Bearer|Basic|Token|Negotiate|ApiKey|Digest|AWS4-HMAC-SHA256|SharedKey(?:Lite)?|NTLM|GOOG1|Hawk)\s{1,5}(?=\S)/i

/** Finds the values in a line that are assigned to the name of a secret. */
export function* findAssignedSecrets(line: string): Generator<ValueSpan> {
  yield* findAssignments(line)
  yield* findVariables(line)
  yield* findOptions(line)
  yield* findProperty(line)
}

/** A name and an assignment sign. */
interface Assignment {
  readonly name: string
  readonly sign: string
  readonly nameAt: number
  readonly valueAt: number
}

/** Finds `name=value`, `name: value` and similar. */
function* findAssignments(line: string): Generator<ValueSpan> {
  const delimiters = new OpenDelimiters(line)
  assigned.lastIndex = 0
  for (let match = assigned.exec(line); match !== null; match = assigned.exec(line)) {
    const [whole, name = '', sign = ''] = match
    const valueAt = match.index + whole.length
    const assignment = { name, sign, nameAt: match.index, valueAt }
    if (!assignsSecret(line, assignment)) continue
    const value = findAssignedValue(line, assignment, delimiters)
    if (value === undefined) continue
    yield value
    // Skip the secret itself, because quotes inside it do not enclose anything.
    delimiters.skip(valueAt, value.start === valueAt ? value.end : value.end + (value.start - valueAt))
    assigned.lastIndex = Math.max(valueAt, value.end)
  }
}

function assignsSecret(line: string, { name, sign, nameAt }: Assignment): boolean {
  // Scala prints an entry as a tuple: `(spark.ssl.keyPassword,…)`.
  if (sign.endsWith(',') && line[nameAt - 1] !== '(') return false
  // The kubelet's message “references non-existent secret key: NAME” contains a name, not a secret.
  if (line.startsWith('non-existent ', nameAt - 13)) return false
  return isSecretName(name.replace(/^-+/, '')) && !isLogger(line, nameAt, name, sign)
}

function* findVariables(line: string): Generator<ValueSpan> {
  for (const match of line.matchAll(named)) {
    const at = match.index + match[0].length
    if (isSecretName(match[1] ?? '')) yield findQuotedValue(line, at) ?? findBareValue(line, at, undefined)
  }
}

function* findOptions(line: string): Generator<ValueSpan> {
  for (const match of line.matchAll(option)) {
    if (!isSecretName((match[1] ?? '').replace(/^-+/, ''))) continue
    const at = match.index + match[0].length
    const value = findQuotedValue(line, at) ?? findBareValue(line, at, undefined)
    if (value.start > at || !continuesSentence(line.slice(value.start, value.end))) yield value
  }
}

/** With a single space between name and value, a value of several words is a sentence. */
function* findProperty(line: string): Generator<ValueSpan> {
  const entry = property.exec(line)
  if (entry === null || !isSecretName((entry[1] ?? '').trim())) return
  const value = findValueToEnd(line, entry[0].length)
  if ((entry[2] ?? '').length > 1 || !/\s/.test(line.slice(value.start, value.end))) yield value
}

/** Matches the start of a structure whose entries have their own names. */
const structure = /^[{[]\s*(?:$|["'{[]|[A-Za-z_][\w.-]*["']?\s?[:=,\]])/
/** Matches the header of a multi-line block, or a value that is already redacted. */
const noValue = /^(?:[|>][-+\d]{0,2}\s*$|\[redacted\](?![\w-]))/
/** Number of characters of a value that are enough to recognize its form. */
const headLength = 300

function findAssignedValue(line: string, assignment: Assignment, delimiters: OpenDelimiters): ValueSpan | undefined {
  const { sign, nameAt, valueAt } = assignment
  const head = line.slice(valueAt, valueAt + headLength)
  if (head === '' || noValue.test(head) || (isColon(sign) && structure.test(head))) return undefined
  const enclosing = delimiters.before(nameAt)
  return findDelimitedValue(line, assignment) ?? findUndelimitedValue(line, assignment, enclosing)
}

/** Returns a value in quotes or braces. */
function findDelimitedValue(line: string, { name, valueAt }: Assignment): ValueSpan | undefined {
  const quoted = findQuotedValue(line, valueAt)
  if (quoted !== undefined) return { ...quoted, start: skipScheme(line, name, quoted.start) }
  if (line[valueAt] !== '{') return undefined
  const inBraces = findEntryValue(line, valueAt + 1, '{')
  return line[inBraces.end] === '}' ? { start: valueAt, end: inBraces.end + 1, openQuote: null } : undefined
}

/** Returns a value without own quotes. What ends it depends on what encloses the name. */
function findUndelimitedValue(
  line: string,
  assignment: Assignment,
  enclosing: OpenDelimiter | undefined,
): ValueSpan | undefined {
  const { name, sign, nameAt, valueAt } = assignment
  const from = skipScheme(line, name, valueAt)
  // A quote around the name ends before the value.
  const outer = /["'`]/.test(sign) && enclosing?.at === nameAt - 1 ? undefined : enclosing
  if (outer === undefined && leadsLine(line, nameAt)) {
    const value = findValueToEnd(line, from)
    return isColon(sign) && isSentence(line.slice(from, value.end)) ? undefined : value
  }
  const [word = ''] = /^\S*/.exec(line.slice(from, valueAt + headLength)) ?? []
  if (isColon(sign) && continuesSentence(word)) return undefined
  if (outer === undefined) return from > valueAt ? findValueToEnd(line, from) : findBareValue(line, from, undefined)
  return findEnclosedValue(line, assignment, from, outer)
}

/** Returns a value that ends with the quote or the list around the name, or at a space if the name does not start it. */
function findEnclosedValue(
  line: string,
  { nameAt, valueAt }: Assignment,
  from: number,
  outer: OpenDelimiter,
): ValueSpan {
  const between = line.slice(Math.max(outer.at + 1, nameAt - 20), nameAt)
  if (isQuote(outer.sign.slice(-1))) {
    const startsQuote = /^(?:--conf[ =]|-D|--)?$/.test(between)
    return startsQuote || from > valueAt ? findValueToQuote(line, from, outer.sign) : findBareValue(line, from, outer)
  }
  const startsEntry = /(?:^|[,;]\s?)$/.test(between) && (between !== '' || outer.at === nameAt - 1)
  return startsEntry ? findEntryValue(line, from, outer.sign) : findBareValue(line, from, outer)
}

const isColon = (sign: string) => sign.trim().endsWith(':')

/** Whether only syntax of properties files, YAML or shells precedes the name. */
const leadsLine = (line: string, nameAt: number) =>
  nameAt <= 200 && /^\s*(?:- |export |set |[+-])?["'`]?$/.test(line.slice(0, nameAt))

/** Returns the position after the authorization scheme, such as `Bearer`, if the name is that of an HTTP header. */
function skipScheme(line: string, name: string, at: number): number {
  if (!/authorization$/i.test(name)) return at
  return at + (schemes.exec(line.slice(at, at + 60))?.[0].length ?? 0)
}

/** Whether the name is a class that logs or an exception: `INFO TokenManager: …`, `org.example.InvalidToken: …`. */
function isLogger(line: string, at: number, name: string, sign: string): boolean {
  return sign.startsWith(': ') && (line[at - 1] === '$' || /^(?:[a-z]\w*\.){2,}[A-Z]\w*$/.test(name))
}
