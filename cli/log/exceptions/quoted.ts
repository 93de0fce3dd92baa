import { parseQuotedHead } from './throwable.ts'

/** An exception that the message of another one quotes. */
export interface QuotedException {
  readonly text: string
  readonly className: string | null
  readonly message: string
  readonly byExecutor: boolean
  /** Length of the outer text before the quotation. */
  readonly from: number
}

/** Wrappers rarely quote more than four levels. */
const maxLevels = 8

/**
 * Finds the exceptions that a message quotes, the outermost first: `A: B: text`, `… terminated with exception: B: text`,
 * `Most recent failure: …`, `MetaException(message:…)`, the `Message:` of the API server. Takes time linear in the length.
 */
export function findQuoted(text: string, byExecutor = false): readonly QuotedException[] {
  if (!mayQuote.test(text)) return none
  const found: QuotedException[] = []
  let rest = text
  let offset = 0
  let onExecutor = byExecutor
  while (found.length < maxLevels) {
    const next = findNext(rest)
    if (next === undefined) break
    onExecutor ||= next.byExecutor
    offset += next.from
    rest = next.text
    const head = parseQuotedHead(rest)
    found.push({
      text: rest,
      className: head?.className ?? null,
      message: head?.message ?? rest,
      byExecutor: onExecutor,
      from: offset,
    })
  }
  return found
}

/** A part of every form of quotation. Most lines contain none. */
const mayQuote = /xception|Error|Failure|Fault|Throwable|aused by|failure: |Lost task /

const none: readonly never[] = []

interface Next {
  readonly text: string
  readonly from: number
  readonly byExecutor: boolean
}

/** The first quotation in the text, after its own class. */
function findNext(text: string): Next | undefined {
  const task = findTask(text)
  const marked = findMarked(text)
  const named = findFirst(findNamed(text), findRemote(text))
  const first = findFirst(findFirst(task, marked), named)
  if (first === undefined) return undefined
  const inner = withoutOuterClosers((first.head ?? '') + text.slice(first.from, first.to).trim())
  if (inner === '') return undefined
  // In local mode, the driver runs the tasks itself.
  const byExecutor = first === task && !text.slice(0, first.from).endsWith('executor driver): ')
  return { text: inner, from: first.from, byExecutor }
}

interface Span {
  readonly from: number
  readonly to?: number
  /** The class of the quoted exception, if it does not stand directly before its message. */
  readonly head?: string
}

const closers: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }
const count = (text: string, character: string) => text.split(character).length - 1

/**
 * Removes the brackets and quotes at the end that close those around the quotation, as in `{exception={A: b}, caused by
 * {C: host}}]`. A line ends with a few of them, so that the number of passes is bounded.
 */
function withoutOuterClosers(text: string): string {
  let inner = text
  for (let passes = 0; passes < 12; passes += 1) {
    const last = inner.at(-1) ?? ''
    const opener = closers[last]
    const isOuter =
      opener === undefined
        ? /["']/.test(last) && count(inner, last) % 2 === 1
        : count(inner, last) > count(inner, opener)
    if (!isOuter) break
    inner = inner.slice(0, -1).trimEnd()
  }
  return inner
}

/** What a task on an executor threw: `Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.9 executor 1): …`. */
function findTask(text: string): Span | undefined {
  const at = text.indexOf('Lost task ')
  const end = at < 0 ? -1 : text.indexOf('): ', at)
  return end < 0 || end - at > 400 ? undefined : { from: end + '): '.length }
}

/** Words that introduce the inner exception. The inner text need not name a class. */
const marker =
  /terminated with exception: |ost recent failure: |ested exception is:? |failed with exception: |\(Caused by |[Cc]aused by: |\(message:/

function findMarked(text: string): Span | undefined {
  const match = marker.exec(text)
  const marked = match === null ? undefined : { from: match.index + match[0].length }
  const first = findFirst(marked, findServerMessage(text))
  // What a task threw begins after its own words.
  return first !== undefined && text.startsWith('Lost task ', first.from) ? undefined : first
}

/** The span that begins first. */
function findFirst(one: Span | undefined, other: Span | undefined): Span | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.from < one.from ? other : one
}

/** The API server's message in an exception of fabric8's client (OperationSupport.requestFailure). */
function findServerMessage(text: string): Span | undefined {
  const request = text.indexOf('Failure executing: ')
  const at = request < 0 ? -1 : text.indexOf('Message: ', request)
  if (at < 0) return undefined
  const from = at + 'Message: '.length
  const end = text.indexOf('. Received status: ', from)
  return end < 0 ? { from } : { from, to: end }
}

/** A qualified class whose name ends as those of exceptions do, after the first word of the text. */
const named =
  /[\s:([{;,"']((?:[a-z_$][\w$]{0,100}\.){1,15}[A-Z][\w$]{0,150}(?:Exception|Error|Failure|Fault|Throwable))(?=: |\(message:|[\s;,)\]}]*$)/

function findNamed(text: string): Span | undefined {
  const match = named.exec(text)
  if (match === null) return undefined
  return { from: match.index + 1 }
}

/** Hadoop's form for an exception of a server: `RemoteException(org.apache.hadoop.security.AccessControlException): text`. */
const remote = /RemoteException\(((?:[a-z_$][\w$]{0,100}\.){1,15}[A-Z][\w$]{0,150})\): /

function findRemote(text: string): Span | undefined {
  const match = remote.exec(text)
  if (match === null) return undefined
  return { from: match.index + match[0].length, head: `${match[1]}: ` }
}
