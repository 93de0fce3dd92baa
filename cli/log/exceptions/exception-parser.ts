import { type ExceptionLink, type ExceptionNode, maxFrames, maxMessageLength } from './exception-tree.ts'
import { findQuoted, type QuotedException } from './quoted.ts'
import { parseJavaHead, parsePythonHead, parseQuotedHead } from './throwable.ts'

/** What a line that is not a log record is to the exceptions of the log. */
export type ParsedLine =
  /** The line does not belong to an exception. */
  | { readonly kind: 'other' }
  /** A frame, or a line that only joins exceptions. */
  | { readonly kind: 'frame' }
  /** A further line of the message of the last exception. */
  | { readonly kind: 'message'; readonly thrown: ThrownException }
  /** The line that names an exception. */
  | { readonly kind: 'head'; readonly thrown: ThrownException; readonly begins: Beginning }

/** Where an exception stands: `inner` belongs to the exceptions before it, all others begin a tree. */
export type Beginning =
  | { readonly kind: 'inner' }
  /** `Exception in thread "name"`. */
  | { readonly kind: 'thread'; readonly thread: string }
  | { readonly kind: 'traceback' }
  /** Below a log record, or alone. */
  | { readonly kind: 'printed' }

export interface ThrownException {
  /** The whole tree, which grows with the following lines. */
  readonly tree: ExceptionNode
  /** Number of exceptions around this one. */
  readonly depth: number
  readonly byExecutor: boolean
  /** The text from the class on. */
  readonly content: string
  /** The exceptions that the text quotes, the outermost first. */
  readonly quoted: readonly { readonly text: string; readonly byExecutor: boolean }[]
}

/** Bounds of one tree. What exceeds them is read, but not kept. */
const maxNodes = 64
const maxMessageLines = 40
const maxTextLength = 400

interface GrowingNode extends ExceptionNode {
  message: string
  readonly frames: string[]
  readonly below: { readonly link: ExceptionLink; readonly node: GrowingNode }[]
}

/** The exception that the next frames, causes and message lines belong to. */
interface Place {
  readonly node: GrowingNode
  readonly depth: number
}

/**
 * Reads the exceptions of a log line by line and builds their trees: Java's causes and suppressed exceptions, what tasks
 * threw, both halves of a py4j call, Python's chained tracebacks and groups, and what messages quote. Any line may be
 * missing; no input is an error. Takes time linear in the length of the log, and memory for one tree.
 */
export class ExceptionParser {
  #tree: Place | undefined
  #nodes = 0
  /** The exceptions that `Caused by:` may belong to, by the indentation of Java's suppressed exceptions. */
  #levels: Place[] = []
  /** The innermost exception of the last head: the rest of the message and a traceback inside it belong to it. */
  #innermost: Place | undefined
  #mode: 'none' | 'message' | 'frames' | 'traceback' = 'none'
  #messageLines = 0
  /** How the next exception hangs together with the tree, if a line announced it. */
  #announced: ExceptionLink | undefined
  /** The Java exception whose message contains the traceback, as PySpark's workers report it. */
  #nestedIn: Place | undefined
  /** The exception of the driver that quotes what a task threw. */
  #aborted: Place | undefined
  /** Whether the traceback is that of an exception group, whose lines begin with `|` or `+`. */
  #isGroup = false
  /** Whether the lines of the message are the text of a query or a plan, whose words say nothing about the failure. */
  #isSource = false
  /** Whether the exception is that of an R program, which indents the lines of the message. */
  #isR = false
  #pythonFrames: string[] = []

  /**
   * Notes that a log record interrupts the exception. Returns its exceptions if its message quotes any. `canInterleave`: a
   * thread of the JVM may write the record between the lines of a Python traceback.
   */
  record(message: string, line: number, canInterleave: boolean, isSevere: boolean): ThrownException | undefined {
    if (this.#mode === 'traceback' && canInterleave) return undefined
    this.#mode = 'none'
    this.#announced = undefined
    this.#nestedIn = undefined
    if (!isSevere || findQuoted(message).length === 0) return undefined
    return this.#begin({ className: null, message }, message, line)
  }

  /** Whether the lines of a Python traceback follow. */
  get isInTraceback(): boolean {
    return this.#mode === 'traceback'
  }

  read(line: string, number: number): ParsedLine {
    if (this.#mode === 'traceback')
      return this.#isGroup ? this.#groupLine(line, number) : this.#tracebackLine(line, number)
    const stack = frameLine.exec(line)
    if (stack !== null) return this.#frame(stack[1] ?? '')
    if (this.#isR && this.#mode !== 'none') return this.#lineOfR(line, number)
    return this.#joined(line, number) ?? this.#head(line, number) ?? this.#rest(line, number)
  }

  #frame(text: string): ParsedLine {
    if (this.#mode === 'message') this.#mode = 'frames'
    if (this.#mode === 'frames') keepFrame(this.#levels.at(-1)?.node, text)
    return frame
  }

  /** `Caused by:`, `Suppressed:`, `Wrapped by:`, and the sentences between exceptions. */
  #joined(line: string, number: number): ParsedLine | undefined {
    const cause = this.#tree !== undefined && this.#mode === 'none' ? null : causeLine.exec(line)
    if (this.#tree === undefined) return cause === null ? undefined : this.#cutTree(cause[3] ?? '', number)
    if (cause !== null) return this.#causeLine(indentLevel(cause[1] ?? ''), cause[2] ?? '', cause[3] ?? '', number)
    if (line === 'Driver stacktrace:' && this.#mode !== 'none') {
      this.#levels = [this.#aborted ?? this.#tree]
      this.#nestedIn = undefined
      this.#mode = 'frames'
      return frame
    }
    const announced = announcements.find(([words]) => line.startsWith(words))
    if (announced === undefined) return undefined
    this.#announced = announced[1]
    return frame
  }

  /** The rest of an exception whose beginning is not in the log: its innermost cause is there. */
  #cutTree(content: string, number: number): ParsedLine {
    const thrown = this.#begin(parseJavaHead(content) ?? { className: null, message: content }, content, number)
    return { kind: 'head', thrown, begins: { kind: 'printed' } }
  }

  #causeLine(indent: number, word: string, content: string, number: number): ParsedLine {
    this.#nestedIn = undefined
    const last = this.#levels.length - 1
    if (word === 'Caused by')
      return this.#hang('cause', content, number, Math.min(indent, last), Math.min(indent, last))
    if (word === 'Suppressed') {
      const parent = Math.min(Math.max(indent - 1, 0), last)
      return this.#hang('suppressed', content, number, parent, parent + 1)
    }
    // Logback's form with the root first: each further exception is the one around.
    const inner = this.#tree
    const thrown = this.#begin(parseJavaHead(content) ?? { className: null, message: content }, content, number)
    this.#attach('cause', inner)
    return { kind: 'head', thrown: { ...thrown, tree: this.#tree?.node ?? thrown.tree }, begins: { kind: 'inner' } }
  }

  /** Hangs an earlier tree below the current one. */
  #attach(link: ExceptionLink, inner: Place | undefined): void {
    if (inner === undefined || this.#tree === undefined) return
    this.#nodes += countNodes(inner.node)
    if (this.#nodes <= maxNodes) this.#tree.node.below.push({ link, node: inner.node })
  }

  /** A line below `Error in f() :`. The message may quote an exception of the JVM, with its frames. */
  #lineOfR(line: string, number: number): ParsedLine {
    if (/^(Calls: |Execution halted|In addition: )/.test(line)) {
      this.#mode = 'none'
      return frame
    }
    const content = line.trim()
    return this.#joined(content, number) ?? this.#head(content, number) ?? this.#rest(content, number)
  }

  /** A line that names an exception. */
  #head(line: string, number: number): ParsedLine | undefined {
    const thread = threadLine.exec(line)
    if (thread !== null) {
      const content = thread[2] ?? ''
      const thrown = this.#begin(parseJavaHead(content) ?? { className: null, message: content }, content, number)
      return { kind: 'head', thrown, begins: { kind: 'thread', thread: thread[1] ?? '' } }
    }
    const program = errorOfR.exec(line)
    if (program !== null) return this.#beginR(program[1] ?? '', line, number)
    if (tracebackLine.test(line))
      return this.#beginTraceback(line, this.#mode === 'message' ? this.#nestedIn : undefined)
    if (line.startsWith(': ') && this.#mode !== 'none' && this.#isPythonCall())
      return this.#hang('java', line.slice(2), number, 0, 0)
    const head = parseJavaHead(line)
    if (head === undefined) return undefined
    if (this.#announced === 'java') return this.#hang('java', line, number, 0, 0)
    if (this.#mode === 'message' && this.#innermost !== undefined) return this.#inMessage(line, number)
    this.#announced = undefined
    return { kind: 'head', thrown: this.#begin(head, line, number), begins: { kind: 'printed' } }
  }

  #beginR(message: string, line: string, number: number): ParsedLine {
    const thrown = this.#begin({ className: null, message }, line, number)
    this.#isR = true
    return { kind: 'head', thrown, begins: { kind: 'traceback' } }
  }

  /** Whether the last exception is that of py4j, whose next line is the Java half. */
  #isPythonCall(): boolean {
    const last = this.#levels[0]?.node
    return last !== undefined && /An error occurred while calling|^py4j\./.test(`${last.className}: ${last.message}`)
  }

  /** An exception on a line of its own inside the message of another one. */
  #inMessage(line: string, number: number): ParsedLine {
    const around = this.#innermost
    if (around === undefined) return { kind: 'other' }
    if (this.#isSource) return frame
    const thrown = this.#add(around, 'quoted', parseJavaHead(line), line, number, around.node.byExecutor)
    return { kind: 'head', thrown, begins: { kind: 'inner' } }
  }

  /** The rest of a message, or a line after the exception. */
  #rest(line: string, number: number): ParsedLine {
    if (this.#mode === 'none') return { kind: 'other' }
    // Between the frames of an executor and those of the driver, and at the end of Thrift's messages.
    if (line.trim() === '' || line === ')') return frame
    const around = this.#innermost
    this.#messageLines += 1
    if (this.#mode === 'message' && around !== undefined && this.#messageLines <= maxMessageLines) {
      if (sectionLine.test(line)) this.#isSource = true
      if (this.#isSource) return frame
      const details = grpcDetails.exec(line)?.[1]
      if (details !== undefined) {
        const thrown = this.#add(around, 'quoted', parseQuotedHead(details), details, number, around.node.byExecutor)
        this.#mode = 'frames'
        return { kind: 'head', thrown, begins: { kind: 'inner' } }
      }
      extendMessage(around.node, line)
      return { kind: 'message', thrown: this.#describe(around, line) }
    }
    this.#mode = 'none'
    return { kind: 'other' }
  }

  #beginTraceback(line: string, nestedIn: Place | undefined): ParsedLine {
    this.#nestedIn = nestedIn ?? (this.#mode === 'message' && this.#expectsTraceback() ? this.#innermost : undefined)
    this.#mode = 'traceback'
    this.#isGroup = /^ {0,4}[+|]/.test(line)
    this.#pythonFrames = []
    return frame
  }

  #expectsTraceback(): boolean {
    return /PythonException$/.test(this.#innermost?.node.className ?? '')
  }

  /** A line inside a traceback. The last line, which is not indented, names the exception. */
  #tracebackLine(line: string, number: number): ParsedLine {
    if (line === '' || /^[ \t│╭╰┃]/.test(line)) {
      const file = pythonFrame.exec(line)
      const name = file?.[1] ?? file?.[2]
      if (name !== undefined) keepPythonFrame(this.#pythonFrames, name)
      return frame
    }
    if (this.#nestedIn !== undefined && /^(Driver stacktrace:$|Caused by: )/.test(line)) {
      this.#mode = 'frames'
      return this.read(line, number)
    }
    const head = parsePythonHead(line) ?? { className: null, message: line }
    if (this.#nestedIn !== undefined) return this.#nestedPython(this.#nestedIn, head, line, number)
    const before = this.#announced === undefined ? undefined : this.#tree
    const link = this.#announced
    this.#announced = undefined
    const thrown = this.#begin(head, line, number)
    this.#tree?.node.frames.push(...this.#pythonFrames)
    if (this.#nestedIn === undefined) this.#mode = isOpenMessage.test(line) ? 'message' : 'frames'
    if (before === undefined || link === undefined) return { kind: 'head', thrown, begins: { kind: 'traceback' } }
    this.#attach(link, before)
    return { kind: 'head', thrown, begins: { kind: 'inner' } }
  }

  #nestedPython(around: Place, head: NamelessHead, line: string, number: number): ParsedLine {
    const last = around.node.below.at(-1)
    const before = this.#announced === undefined || last?.link !== 'quoted' ? undefined : around.node.below.pop()
    const thrown = this.#add(around, 'quoted', head, line, number, around.node.byExecutor)
    const node = around.node.below.at(-1)?.node
    if (before !== undefined && this.#announced !== undefined)
      node?.below.push({ link: this.#announced, node: before.node })
    node?.frames.push(...this.#pythonFrames)
    this.#announced = undefined
    this.#nestedIn = around
    this.#levels = [around]
    return { kind: 'head', thrown, begins: { kind: 'inner' } }
  }

  /** A line of an exception group: the group itself, then each of its exceptions, which hang below it. */
  #groupLine(line: string, number: number): ParsedLine {
    const inside = /^ {1,40}[|+] ?(.*)$/.exec(line)
    if (inside === null) {
      this.#isGroup = false
      this.#mode = 'none'
      return this.read(line, number)
    }
    const content = inside[1] ?? ''
    if (content === '' || /^[ \t+|-]/.test(content) || tracebackLine.test(content)) return frame
    const head = parsePythonHead(content) ?? { className: null, message: content }
    if (this.#tree !== undefined && /ExceptionGroup$/.test(this.#tree.node.className ?? '')) {
      const thrown = this.#add(this.#tree, 'quoted', head, content, number, false)
      this.#mode = 'traceback'
      return { kind: 'head', thrown, begins: { kind: 'inner' } }
    }
    const thrown = this.#begin(head, content, number)
    this.#mode = 'traceback'
    this.#isGroup = true
    return { kind: 'head', thrown, begins: { kind: 'traceback' } }
  }

  /** Begins a new tree. */
  #begin(head: NamelessHead, content: string, line: number): ThrownException {
    const node = newNode(head, content, line, false)
    this.#tree = { node, depth: 0 }
    this.#nodes = 1
    this.#aborted = undefined
    this.#nestedIn = undefined
    this.#isGroup = false
    this.#isR = false
    return this.#enter(this.#tree, content, line)
  }

  /** Adds an exception below the one of a level. */
  #hang(link: ExceptionLink, content: string, line: number, parent: number, level: number): ParsedLine {
    this.#announced = undefined
    const around = this.#levels[parent] ?? this.#tree
    if (around === undefined) return { kind: 'other' }
    // Below the driver's frames of an aborted job stands what the task threw.
    const byExecutor = around.node.byExecutor || (link === 'cause' && quotesTask(around.node))
    const kept = this.#levels.slice(0, level)
    const thrown = this.#add(around, link, parseJavaHead(content), content, line, byExecutor)
    this.#levels = [...kept, ...this.#levels]
    return { kind: 'head', thrown, begins: { kind: 'inner' } }
  }

  #add(
    around: Place,
    link: ExceptionLink,
    head: NamelessHead | undefined,
    content: string,
    line: number,
    byExecutor: boolean,
  ): ThrownException {
    const node = newNode(head ?? { className: null, message: content }, content, line, byExecutor)
    if (this.#nodes < maxNodes) around.node.below.push({ link, node })
    this.#nodes += 1
    return this.#enter({ node, depth: around.depth + 1 }, content, line)
  }

  /** Makes the exception the current one, and adds what its message quotes. */
  #enter(place: Place, content: string, line: number): ThrownException {
    this.#levels = [place]
    this.#innermost = place
    this.#mode = 'message'
    this.#messageLines = 0
    this.#isSource = false
    const quoted = findQuoted(content, place.node.byExecutor)
    for (const { text, className, message, byExecutor } of quoted) {
      const around = this.#innermost
      const node = newNode({ className, message }, text, line, byExecutor)
      if (this.#nodes < maxNodes) around.node.below.push({ link: 'quoted', node })
      this.#nodes += 1
      const inner: Place = { node, depth: around.depth + 1 }
      // Causes before `Driver stacktrace:` are those of what the task threw.
      if (byExecutor && !around.node.byExecutor) {
        this.#levels = [inner]
        this.#aborted = place
      }
      this.#innermost = inner
    }
    if (content.endsWith(tracebackWords)) {
      this.#mode = 'traceback'
      this.#nestedIn = this.#innermost
      this.#isGroup = false
      this.#pythonFrames = []
    }
    return this.#describe(place, content, quoted)
  }

  #describe(
    { node, depth }: Place,
    content: string,
    quoted: readonly QuotedException[] = findQuoted(content, node.byExecutor),
  ): ThrownException {
    return {
      tree: this.#tree?.node ?? node,
      depth,
      byExecutor: node.byExecutor,
      content,
      quoted,
    }
  }
}

interface NamelessHead {
  readonly className: string | null
  readonly message: string
}

const frame: ParsedLine = { kind: 'frame' }
const tracebackWords = 'Traceback (most recent call last):'

const frameLine = /^\s{1,12}(?:at |(?=\.\.\. \d))(.*)$/
const causeLine = /^(\s{0,40})(Caused by|Suppressed|Wrapped by): (.*)$/
const threadLine = /^Exception in thread "([^"]{0,200})" (.*)$/
/** The message of R about an error that no code caught. A short message stands on the same line. */
const errorOfR = /^Error in .{1,200}? : ?(.{0,400})$/
/** Of Python itself, and of rich, which draws a box around it. */
const tracebackLine =
  /^(?:(?: {0,4}[+|] ?)?(?:Exception Group )?Traceback \(most recent call last\):|[╭┏][─━ ]{1,200}Traceback \(most recent call last\))/
const pythonFrame = /^[\s│>]{1,12}(?:\| )?(?:File "([^"]{1,300})"|(\/[^\s:]{1,300}\.py):\d)/
/** Messages of Python that go on below their first line, which is otherwise the last one of a traceback. */
const isOpenMessage = /:\s{0,3}$|\bvalidation errors? for \S+$/
/** The beginning of a query or a plan in a message of Spark: `== SQL ==`, `== Parsed Logical Plan ==`. */
const sectionLine = /^== [A-Z][\w ()]{1,60} ==$/
/** The reason in the message of gRPC, which Spark Connect uses. */
const grpcDetails = /^\s{0,12}details = "(.{1,2000}?)"?$/

const announcements = [
  ['During handling of the above exception, another', 'context'],
  ['The above exception was the direct cause of', 'cause'],
  ['JVM stacktrace:', 'java'],
] as const satisfies readonly (readonly [string, ExceptionLink])[]

/** Java indents what belongs to a suppressed exception by one tab for each level. */
const indentLevel = (indent: string): number => (indent.startsWith('\t') ? indent.length : Math.ceil(indent.length / 4))

const quotesTask = (node: ExceptionNode): boolean =>
  !node.byExecutor &&
  node.below.some(({ link, node: inner }) => link === 'quoted' && (inner.byExecutor || quotesTask(inner)))

function newNode(
  { className, message }: NamelessHead,
  content: string,
  line: number,
  byExecutor: boolean,
): GrowingNode {
  return {
    className: className === null ? null : copy(className, 300),
    message: copy(message, maxMessageLength),
    line,
    text: copy(content, maxTextLength),
    byExecutor,
    frames: [],
    below: [],
  }
}

/** Copies the text, because a slice would keep the whole line in memory. */
const copy = (text: string, length: number): string =>
  text === '' ? '' : Buffer.from(text.slice(0, length).trim()).toString()

function extendMessage(node: GrowingNode, line: string): void {
  const room = maxMessageLength - node.message.length
  if (room > 1) node.message = copy(`${node.message} ${line.trim()}`, maxMessageLength)
}

/** Keeps the innermost frames. Frames of the JDK and of Scala say little about the owner, so they take at most half. */
function keepFrame(node: GrowingNode | undefined, text: string): void {
  if (node === undefined || node.frames.length >= maxFrames || text.startsWith('...')) return
  const name = (/^[^()\s]{1,200}/.exec(text)?.[0] ?? '').replace(/^.*\//, '')
  const isGeneric = /^(java|jdk|sun|scala|javax)\./.test(name)
  if (isGeneric && node.frames.length >= maxFrames / 2) return
  if (name !== '') node.frames.push(copy(name, 200))
}

/** Keeps the last frames, which are Python's innermost. */
function keepPythonFrame(frames: string[], file: string): void {
  frames.unshift(copy(file, 200))
  if (frames.length > maxFrames) frames.pop()
}

const countNodes = (node: ExceptionNode): number =>
  1 + node.below.reduce((sum, linked) => sum + countNodes(linked.node), 0)
