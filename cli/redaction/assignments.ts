import { continuesSentence, isSentence } from './false-positives.ts'
import { isSecretName } from './secret-names.ts'
import {
  findBareValue,
  findEntryValue,
  findQuotedValue,
  findValueToEnd,
  findValueToQuote,
  isQuote,
  OpenDelimiters,
  type ValueSpan,
} from './value-span.ts'

/** Matches a name and an assignment sign. Starts only at the start of a word, so that matching takes linear time. */
const assigned =
  /(?<![\w.-])((?:(?:access|secret|private|api|account|encryption|signing) )?-{0,2}[A-Za-z_][\w.-]*)(\\*["'`]?\]?\s{0,3}(?:=>|->|:=|(?<=\s)==(?=\s)|=|:(?!:)|,(?=\S)|-?\\u003[deDE]|%3[dD])\s{0,3})/g

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
  const surroundings = new OpenDelimiters(line)
  assigned.lastIndex = 0
  for (let match = assigned.exec(line); match !== null; match = assigned.exec(line)) {
    const [whole, name = '', sign = ''] = match
    // Scala prints an entry as a tuple: `(spark.ssl.keyPassword,…)`.
    if (sign.endsWith(',') && line[match.index - 1] !== '(') continue
    // The kubelet's message “references non-existent secret key: NAME” contains a name, not a secret.
    if (line.startsWith('non-existent ', match.index - 13)) continue
    if (!isSecretName(name.replace(/^-+/, '')) || isLogger(line, match.index, name, sign)) continue
    const at = match.index + whole.length
    const value = findValueAt(line, match.index, at, name, sign, surroundings)
    if (value === undefined) continue
    yield value
    // Skip the secret itself, because quotes inside it do not enclose anything.
    surroundings.skip(at, value.start === at ? value.end : value.end + (value.start - at))
    assigned.lastIndex = Math.max(at, value.end)
  }
  for (const match of line.matchAll(named)) {
    const at = match.index + match[0].length
    if (isSecretName(match[1] ?? '')) yield findQuotedValue(line, at) ?? findBareValue(line, at, undefined)
  }
  for (const match of line.matchAll(option)) {
    if (!isSecretName((match[1] ?? '').replace(/^-+/, ''))) continue
    const at = match.index + match[0].length
    const value = findQuotedValue(line, at) ?? findBareValue(line, at, undefined)
    if (value.start > at || !continuesSentence(line.slice(value.start, value.end))) yield value
  }
  const entry = property.exec(line)
  if (entry !== null && isSecretName((entry[1] ?? '').trim())) {
    const value = findValueToEnd(line, entry[0].length)
    if ((entry[2] ?? '').length > 1 || !/\s/.test(line.slice(value.start, value.end))) yield value
  }
}

/** Matches the start of a structure whose entries have their own names. */
const structure = /^[{[]\s*(?:$|["'{[]|[A-Za-z_][\w.-]*["']?\s?[:=,\]])/
/** Matches the header of a multi-line block, or a value that is already redacted. */
const noValue = /^(?:[|>][-+\d]{0,2}\s*$|\[redacted\](?![\w-]))/

function findValueAt(
  line: string,
  nameAt: number,
  at: number,
  name: string,
  sign: string,
  surroundings: OpenDelimiters,
): ValueSpan | undefined {
  const head = line.slice(at, at + 300)
  const isColon = sign.trim().endsWith(':')
  if (head === '' || noValue.test(head) || (isColon && structure.test(head))) return undefined
  const enclosing = surroundings.before(nameAt)
  const isAuthorization = /authorization$/i.test(name)
  const quoted = findQuotedValue(line, at)
  if (quoted !== undefined)
    return { ...quoted, start: quoted.start + (isAuthorization ? schemeLength(line, quoted.start) : 0) }
  if (head.startsWith('{')) {
    const inBraces = findEntryValue(line, at + 1, '{')
    if (line[inBraces.end] === '}') return { start: at, end: inBraces.end + 1, openQuote: null }
  }
  const from = at + (isAuthorization ? schemeLength(line, at) : 0)
  // A quote around the name ends before the value.
  const outer = /["'`]/.test(sign) && enclosing?.at === nameAt - 1 ? undefined : enclosing
  if (outer === undefined && leadsLine(line, nameAt)) {
    const value = findValueToEnd(line, from)
    return isColon && isSentence(line.slice(from, value.end)) ? undefined : value
  }
  if (isColon && continuesSentence(/^\S*/.exec(head.slice(from - at))?.[0] ?? '')) return undefined
  if (outer === undefined) return from > at ? findValueToEnd(line, from) : findBareValue(line, from, undefined)
  const between = line.slice(Math.max(outer.at + 1, nameAt - 20), nameAt)
  if (isQuote(outer.sign.slice(-1))) {
    const isWhole = /^(?:--conf[ =]|-D|--)?$/.test(between)
    return isWhole || from > at ? findValueToQuote(line, from, outer.sign) : findBareValue(line, from, outer)
  }
  return /(?:^|[,;]\s?)$/.test(between) && (between !== '' || outer.at === nameAt - 1)
    ? findEntryValue(line, from, outer.sign)
    : findBareValue(line, from, outer)
}

/** Whether only syntax of properties files, YAML or shells precedes the name. */
const leadsLine = (line: string, nameAt: number) =>
  nameAt <= 200 && /^\s*(?:- |export |set |[+-])?["'`]?$/.test(line.slice(0, nameAt))

const schemeLength = (line: string, at: number) => schemes.exec(line.slice(at, at + 60))?.[0].length ?? 0

/** Whether the name is a class that logs or an exception: `INFO TokenManager: …`, `org.example.InvalidToken: …`. */
function isLogger(line: string, at: number, name: string, sign: string): boolean {
  return sign.startsWith(': ') && (line[at - 1] === '$' || /^(?:[a-z]\w*\.){2,}[A-Z]\w*$/.test(name))
}
