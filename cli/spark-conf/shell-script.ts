/**
 * Reads the simple commands of a shell script: quotes, comments, continued lines, here-documents, and variables that the
 * script itself sets. It runs nothing: what only a run would show, such as `$1` or `$(…)`, is an unknown part of a word.
 * Linear in the length of the script, apart from the values of variables that are inserted.
 */
export interface ScriptWord {
  /** The value, with `${NAME}` for each unknown part. */
  readonly text: string
  /** Line number in the script, starting at 1. */
  readonly line: number
  readonly isKnown: boolean
}

/** The words of one command, without assignments in front of it and without redirections. */
export type ScriptCommand = readonly ScriptWord[]

export function parseScript(text: string): readonly ScriptCommand[] {
  return runTokens(tokenize(text))
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly fallback: string | null; readonly isQuoted: boolean }
  | { readonly kind: 'unknown'; readonly text: string }

type Token =
  | { readonly kind: 'word'; readonly parts: readonly Part[]; readonly line: number }
  /** The end of a command, or the parentheses of an array or a subshell. */
  | { readonly kind: 'operator'; readonly text: string }
  /** The next word is the file of a redirection. */
  | { readonly kind: 'redirect' }

interface Reader {
  readonly text: string
  at: number
  line: number
  /** The parts of the current word. Null between words: an empty word such as `''` has no parts. */
  parts: Part[] | null
  /** Delimiters of the here-documents that begin after the current line. */
  readonly delimiters: string[]
  readonly tokens: Token[]
}

const patterns = {
  space: /(?:[ \t\r]|\\\r?\n)+/y,
  continued: /\\\r?\n/y,
  comment: /#[^\n]*/y,
  hereDocument: /\d?<<-?[ \t]*\\?(["']?)([\w.-]+)\1/y,
  redirect: /(?:\d|&)?(?:<<<|>>|>&|<&|<>|>\||<|>)/y,
  operator: /\n|;;|;|&&|\|\||[|&()]/y,
  single: /'([^']*)'/y,
  ansi: /\$'((?:[^'\\]|\\[\s\S])*)'/y,
  plain: /[^\s"'\\$`|&;()<>]+/y,
  inDouble: /[^"\\$`]+/y,
  variable: /\$(?:(\w+)|\{(\w+)(?:\[[@*]\])?(?:(:?[-=])((?:[^{}]|\{[^{}]*\})*))?\})/y,
  otherExpansion: /\$\{[^}]*\}|\$[@*#?!$-]/y,
} as const

function take(reader: Reader, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = reader.at
  const match = pattern.exec(reader.text)
  if (match !== null) advance(reader, match[0].length)
  return match
}

function advance(reader: Reader, length: number): void {
  reader.line += reader.text.slice(reader.at, reader.at + length).split('\n').length - 1
  reader.at += length
}

function tokenize(text: string): readonly Token[] {
  const reader: Reader = { text, at: 0, line: 1, parts: null, delimiters: [], tokens: [] }
  let wordLine = 1
  const endWord = () => {
    if (reader.parts !== null) reader.tokens.push({ kind: 'word', parts: reader.parts, line: wordLine })
    reader.parts = null
  }
  while (reader.at < text.length) {
    if (reader.parts === null) {
      take(reader, patterns.space)
      if (take(reader, patterns.comment) !== null) continue
      wordLine = reader.line
    } else if (take(reader, patterns.continued) !== null) continue
    else if (take(reader, patterns.space) !== null) {
      endWord()
      continue
    }
    if (reader.at >= text.length) break
    if (readBetweenWords(reader, endWord)) continue
    reader.parts ??= []
    reader.parts.push(...readPart(reader))
  }
  endWord()
  return reader.tokens
}

/** Reads an operator, a redirection or a here-document. False if a part of a word comes next. */
function readBetweenWords(reader: Reader, endWord: () => void): boolean {
  const document = reader.parts === null ? take(reader, patterns.hereDocument) : null
  if (document !== null) {
    reader.delimiters.push(document[2] ?? '')
    return true
  }
  const redirect = take(reader, patterns.redirect)
  if (redirect !== null) {
    endWord()
    reader.tokens.push({ kind: 'redirect' })
    return true
  }
  const operator = take(reader, patterns.operator)
  if (operator === null) return false
  endWord()
  reader.tokens.push({ kind: 'operator', text: operator[0] })
  if (operator[0] === '\n') skipHereDocuments(reader)
  return true
}

function skipHereDocuments(reader: Reader): void {
  for (const delimiter of reader.delimiters.splice(0)) {
    while (reader.at < reader.text.length) {
      const end = reader.text.indexOf('\n', reader.at)
      const next = end < 0 ? reader.text.length : end + 1
      const line = reader.text.slice(reader.at, next).trim()
      advance(reader, next - reader.at)
      if (line === delimiter) break
    }
  }
}

function readPart(reader: Reader): readonly Part[] {
  const plain = take(reader, patterns.plain)
  if (plain !== null) return [{ kind: 'text', text: plain[0] }]
  const quoted = take(reader, patterns.single) ?? take(reader, patterns.ansi)
  if (quoted !== null) return [{ kind: 'text', text: quoted[1] ?? '' }]
  const character = reader.text[reader.at]
  if (character === '"') return readDouble(reader)
  if (character === '$' || character === '`') return [readExpansion(reader, false)]
  // A backslash and the character that it quotes, or a quote that is never closed.
  const isEscape = character === '\\'
  const text = reader.text.slice(reader.at + (isEscape ? 1 : 0), reader.at + (isEscape ? 2 : 1))
  advance(reader, isEscape ? 2 : 1)
  return [{ kind: 'text', text }]
}

function readDouble(reader: Reader): readonly Part[] {
  const parts: Part[] = [{ kind: 'text', text: '' }]
  advance(reader, 1)
  while (reader.at < reader.text.length && reader.text[reader.at] !== '"') {
    const plain = take(reader, patterns.inDouble)
    if (plain !== null) parts.push({ kind: 'text', text: plain[0] })
    else if (reader.text[reader.at] === '\\') {
      const escaped = reader.text[reader.at + 1] ?? ''
      if (escaped !== '\n') parts.push({ kind: 'text', text: '"\\$`'.includes(escaped) ? escaped : `\\${escaped}` })
      advance(reader, 2)
    } else parts.push(readExpansion(reader, true))
  }
  advance(reader, 1)
  return parts
}

function readExpansion(reader: Reader, isQuoted: boolean): Part {
  const variable = take(reader, patterns.variable)
  if (variable !== null) {
    const [, bare, braced, , fallback] = variable
    const name = bare ?? braced ?? ''
    return { kind: 'variable', name, fallback: fallback ?? null, isQuoted }
  }
  const other = take(reader, patterns.otherExpansion)
  if (other !== null) return { kind: 'unknown', text: other[0] }
  const start = reader.at
  advance(reader, findExpansionEnd(reader.text, start) - start)
  const source = reader.text.slice(start, reader.at)
  return source === '$' ? { kind: 'text', text: source } : { kind: 'unknown', text: substitution }
}

/** Stands for the output of a command. */
const substitution = '$'.concat('{…}')

/** The index after a command substitution `$(…)` or `` `…` ``. Parentheses may be nested. */
function findExpansionEnd(text: string, start: number): number {
  if (text[start] === '`') {
    const end = text.indexOf('`', start + 1)
    return end < 0 ? text.length : end + 1
  }
  if (text[start + 1] !== '(') return start + 1
  let depth = 0
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1
    if (text[at] === ')') depth -= 1
    if (depth === 0) return at + 1
  }
  return text.length
}

interface Value {
  readonly text: string
  readonly isKnown: boolean
}

/** The values of a variable: one, or those of an array. Null if the script sets it in several places. */
type Variables = Map<string, readonly Value[] | null>

/** A longer word is cut. No setting has so many characters. */
const maxWordLength = 65_536
/** A longer array is cut. An array may contain itself several times. */
const maxValues = 2048

interface Run {
  readonly variables: Variables
  readonly commands: ScriptCommand[]
  words: ScriptWord[]
  /** The array whose items are being read. */
  array: { readonly name: string; readonly values: Value[] } | null
  isRedirected: boolean
}

function runTokens(tokens: readonly Token[]): readonly ScriptCommand[] {
  const run: Run = { variables: new Map(), commands: [], words: [], array: null, isRedirected: false }
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'redirect') run.isRedirected = true
    else if (token.kind === 'operator') runOperator(run, token.text)
    else if (run.isRedirected) run.isRedirected = false
    else runWord(run, token, isOpening(tokens[index + 1]))
  }
  endCommand(run)
  return run.commands
}

function endCommand(run: Run): void {
  if (run.words.length > 0) run.commands.push(run.words)
  run.words = []
  run.isRedirected = false
}

function runOperator(run: Run, text: string): void {
  if (run.array === null) endCommand(run)
  else if (text === ')') {
    assign(run.variables, run.array.name, run.array.values)
    run.array = null
  }
}

/** `isBeforeParenthesis`: `NAME=` then starts an array. */
function runWord(run: Run, { parts, line }: Token & { readonly kind: 'word' }, isBeforeParenthesis: boolean): void {
  const { variables, words, array } = run
  if (array !== null) {
    array.values.push(...expand(parts, variables))
    return
  }
  const assignment = parseAssignment(parts, words)
  if (assignment === undefined) words.push(...expand(parts, variables).map((value) => ({ ...value, line })))
  else if (isBeforeParenthesis && assignment.rest.length === 0) run.array = { name: assignment.name, values: [] }
  else assign(variables, assignment.name, [join(expand(assignment.rest, variables))])
}

const join = (values: readonly Value[]): Value => ({
  text: values.map(({ text }) => text).join(' '),
  isKnown: values.every(({ isKnown }) => isKnown),
})

const isOpening = (token: Token | undefined) => token?.kind === 'operator' && token.text === '('

/** Whether the word sets a variable: it is in front of a command, or an argument of `export` and its like. */
function parseAssignment(
  [first, ...rest]: readonly Part[],
  before: readonly ScriptWord[],
): { readonly name: string; readonly rest: readonly Part[] } | undefined {
  if (first?.kind !== 'text') return undefined
  const isPlace = before.length === 0 || /^(export|local|readonly|declare|typeset)$/.test(before[0]?.text ?? '')
  const [, name, isAdded, value = ''] = /^([A-Za-z_]\w*)(\+?)=([\s\S]*)$/.exec(first.text) ?? []
  if (!isPlace || name === undefined) return undefined
  const parts: readonly Part[] = value === '' ? rest : [{ kind: 'text', text: value }, ...rest]
  const itself: Part = { kind: 'variable', name, fallback: '', isQuoted: true }
  return { name, rest: isAdded === '+' ? [itself, ...parts] : parts }
}

/** A variable that the script sets in several places has no known value, unless it is the same or adds to itself. */
function assign(variables: Variables, name: string, values: readonly Value[]): void {
  const before = variables.get(name)
  const [only] = values
  const isSame =
    before === undefined ||
    before?.[0]?.text === only?.text ||
    only?.text.startsWith(before?.[0]?.text ?? `${only.text} `) === true
  variables.set(name, isSame ? values.slice(0, maxValues) : null)
}

/** The words that the parts of a word become. An array, or a variable without quotes, may be several. */
function expand(parts: readonly Part[], variables: Variables): readonly Value[] {
  const [only] = parts.filter((part) => part.kind !== 'text' || part.text !== '')
  const list = parts.length <= 2 && only?.kind === 'variable' ? lookUp(only, variables) : undefined
  if (only?.kind === 'variable' && list !== undefined && parts.length - 1 <= (only.isQuoted ? 1 : 0)) {
    if (list.length > 1 || only.isQuoted) return list
    return list.flatMap(({ text, isKnown }) =>
      text
        .split(/\s+/)
        .filter((word) => word !== '')
        .map((word) => ({ text: word, isKnown: isKnown || !word.includes('${') })),
    )
  }
  const values = parts.map((part): Value => {
    if (part.kind === 'variable') return join(lookUp(part, variables))
    return { text: part.text, isKnown: part.kind === 'text' }
  })
  const text = values.map((value) => value.text).join('')
  return [{ text: text.slice(0, maxWordLength), isKnown: values.every(({ isKnown }) => isKnown) }]
}

function lookUp({ name, fallback }: Part & { readonly kind: 'variable' }, variables: Variables): readonly Value[] {
  const known = variables.get(name)
  if (known !== undefined && known !== null) return known
  const isUsable = known === undefined && fallback !== null && !/[$`]/.test(fallback)
  return [
    isUsable
      ? { text: fallback.replace(/^(["'])(.*)\1$/, '$2'), isKnown: true }
      : { text: `\${${name}}`, isKnown: false },
  ]
}
