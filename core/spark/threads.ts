import { numberField, parseJson, textField, toList, toRecord, toText } from '../json.ts'
import { type DriverThread, maxThreadsKept, type OtherThreads, type ThreadsReading } from '../verdict/witnesses.ts'
import { applicationsPath } from './rest-api.ts'
import { addActivity, classifyActivity } from './thread-activity.ts'
import { hasWantedName, isLibraryFrame } from './thread-names.ts'

export const formatThreadsPath = (applicationId: string) =>
  `${applicationsPath}/${encodeURIComponent(applicationId)}/executors/driver/threads`

const maxFrames = 30
const maxFrameChars = 200
const maxNameChars = 200
/** A dump with more threads is not read: the sidecar must not spend its memory on it. */
const maxThreads = 10_000

/**
 * The threads of a dump (ThreadStackTrace) that a verdict may depend on: those with a name that matters, those that are
 * BLOCKED or wait for a lock with an owner, and those that own such a lock. Of the others, only whether any of them works.
 * Returns undefined if the body is not a whole dump: a part of it does not prove that a thread is missing.
 *
 * The text is cut into its objects and each is parsed alone, so that memory stays near the size of the text.
 */
export function parseThreads(body: string): ThreadsReading | undefined {
  const spans = findObjects(body)
  if (spans === undefined) return undefined
  const blockers = new Set<number>()
  const threads: (ThreadHead & { readonly isWanted: boolean })[] = []
  let others: OtherThreads = 'idle'
  for (const [start, end] of spans) {
    const value = parseJson(body.slice(start, end))
    const head = parseHead(value)
    if (head === undefined) return undefined
    if (mayBeActive(head, others)) others = addActivity(others, classifyActivity(head.state, parseFrames(value)))
    if (head.blockedBy !== null) blockers.add(head.blockedBy)
    threads.push({ ...head, isWanted: isWanted(head) })
  }
  const kept: DriverThread[] = []
  for (const [index, { isWanted: wanted, ...head }] of threads.entries()) {
    const span = spans[index]
    if (span === undefined || !(wanted || blockers.has(head.id)) || kept.length >= maxThreadsKept) continue
    kept.push({ ...head, frames: parseFrames(parseJson(body.slice(...span))) })
  }
  return { threads: kept, others }
}

type ThreadHead = Omit<DriverThread, 'frames'>

/** Whether the frames of the thread can still matter. */
function mayBeActive({ name, state }: ThreadHead, others: OtherThreads): boolean {
  if (name === 'main' || others === 'working') return false
  return state !== 'BLOCKED' && state !== 'NEW' && state !== 'TERMINATED'
}

function isWanted({ name, state, blockedBy }: ThreadHead): boolean {
  return blockedBy !== null || state === 'BLOCKED' || hasWantedName(name)
}

function parseHead(value: unknown): ThreadHead | undefined {
  const id = numberField(value, 'threadId')
  if (id === null) return undefined
  return {
    id,
    name: (textField(value, 'threadName') ?? '').slice(0, maxNameChars),
    state: (textField(value, 'threadState') ?? '').slice(0, maxNameChars),
    blockedBy: parseOwner(numberField(value, 'blockedByThreadId') ?? numberField(value, 'lockOwnerId')),
  }
}

/** The JVM reports -1 if a lock has no owner. */
const parseOwner = (id: number | null) => (id === null || id < 0 ? null : id)

/**
 * Spark 4 appends the locks to a frame, on lines of their own. Frames begin with the class loader and the module, such as
 * `app//` and `java.base@17.0.15/`, which are removed.
 */
function parseFrames(value: unknown, limit = maxFrames): readonly string[] {
  const elements = toList(toRecord(toRecord(value).stackTrace).elems)
  return elements.slice(0, limit).map((element) => {
    const [line = ''] = toText(element)
      .slice(0, 2 * maxFrameChars)
      .trim()
      .split('\n')
    return line.replace(/^(app\/)?([\w.-]*@[\w.+-]*)?\//, '').slice(0, maxFrameChars)
  })
}

/**
 * The items of a JSON array of objects, as start and end in the text. Returns undefined if the text is not one whole array
 * or has too many items. Linear in the length of the text.
 */
function findObjects(text: string): readonly (readonly [number, number])[] | undefined {
  if (!/^\s*\[/.test(text)) return undefined
  const spans: (readonly [number, number])[] = []
  let depth = 0
  let start = -1
  for (const [position, step] of findBrackets(text)) {
    depth += step
    if (step > 0 && depth === 2) start = position
    if (step < 0 && depth === 1) spans.push([start, position + 1])
    if (spans.length > maxThreads) return undefined
    if (depth === 0) return text.slice(position + 1).trim() === '' ? spans : undefined
  }
  return undefined
}

const depthSteps: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 }

/** The positions of the brackets outside strings, each with the step of the depth there. */
function* findBrackets(text: string): Generator<readonly [number, number]> {
  for (let position = 0; position < text.length; position += 1) {
    const character = text[position] ?? ''
    if (character === '"') position = findStringEnd(text, position)
    const step = depthSteps[character]
    if (step !== undefined) yield [position, step]
  }
}

/** The position of the quote that ends the string at `start`; the end of the text if there is none. */
function findStringEnd(text: string, start: number): number {
  for (let position = start + 1; position < text.length; position += 1) {
    const character = text[position]
    if (character === '\\') position += 1
    else if (character === '"') return position
  }
  return text.length
}

/** Where a thread stands. */
export interface ThreadFrame {
  readonly thread: string
  readonly frame: string
}

/**
 * The frame that most likely explains a hang: of a thread that waits for another thread's lock, else of a thread that runs
 * the application's own code, else of a streaming query, the main thread or the scheduler. Null if no such thread has a frame.
 */
export function findTopFrame({ threads }: ThreadsReading): ThreadFrame | null {
  let best: { readonly rank: number; readonly top: ThreadFrame } | null = null
  for (const thread of threads) {
    const frame = findFrameThatMatters(thread.frames)
    const rank = frame === null ? 0 : rankThread(thread, frame)
    if (frame !== null && rank > (best?.rank ?? 0)) best = { rank, top: { thread: thread.name, frame } }
  }
  return best?.top ?? null
}

/** The innermost frame outside the JDK and Scala's library; the innermost one if there is no other. Null without frames. */
function findFrameThatMatters(frames: readonly string[]): string | null {
  return frames.find((frame) => !isLibraryFrame(frame)) ?? frames[0] ?? null
}

function rankThread({ name, blockedBy }: DriverThread, frame: string): number {
  const ranks = [/^dag-scheduler-event-loop$/, /^main$/, /^stream execution thread /]
  const rank = 1 + ranks.findIndex((pattern) => pattern.test(name))
  if (rank === 0) return 0
  const isOwnCode = !isLibraryFrame(frame) && !frame.startsWith('org.apache.spark.')
  return rank + (isOwnCode ? 10 : 0) + (blockedBy === null ? 0 : 20)
}

const maxDumpFrames = 100

/**
 * A dump as text for people, at most `maxChars` long: the threads that matter first, and each stack once, with the names of
 * all threads that have it. Returns undefined if the body is not a whole dump.
 */
export function formatThreadDump(body: string, maxChars: number): string | undefined {
  const spans = findObjects(body)
  if (spans === undefined) return undefined
  const groups = new Map<string, { readonly names: string[]; isWanted: boolean }>()
  for (const span of spans) {
    const value = parseJson(body.slice(...span))
    const head = parseHead(value)
    if (head === undefined) return undefined
    const blocked = head.blockedBy === null ? '' : `, waits for thread ${head.blockedBy}`
    const stack = `${head.state}${blocked}\n${parseFrames(value, maxDumpFrames)
      .map((frame) => `    at ${frame}\n`)
      .join('')}`
    const group = groups.get(stack) ?? { names: [], isWanted: false }
    group.names.push(`"${head.name}" #${head.id}`)
    group.isWanted ||= isWanted(head)
    groups.set(stack, group)
  }
  const texts = [...groups]
    .toSorted(([, a], [, b]) => Number(b.isWanted) - Number(a.isWanted))
    .map(([stack, { names }]) => `${names.join('\n')}\n  ${stack}`)
  return texts.join('\n').slice(0, maxChars)
}
