import type { ExceptionLink, ExceptionNode } from './exception-tree.ts'
import { simpleName } from './throwable.ts'

/** In which order the exceptions below another one are believed to explain it. */
const order: readonly ExceptionLink[] = ['cause', 'java', 'quoted', 'context', 'suppressed']

/** Exceptions of lookups, which programs catch and answer with another attempt. What fails then is the reason. */
const lookup =
  /^(KeyError|IndexError|LookupError|AttributeError|StopIteration|NameError|NoSuchElementException|NoSuchFieldException)$/

/** Classes that only carry another exception. */
const carriers =
  /^(InvocationTargetException|UndeclaredThrowableException|ExecutionException|CompletionException|PrivilegedActionException|SparkUserAppException|Py4JJavaError|Py4JError|StreamingQueryException|RemoteException|PythonException|BoxedError|RetriesExhaustedException|HiveException|UncheckedExecutionException|ExecutionError|ExceptionGroup|BaseExceptionGroup)$/

/** Messages that only say that something inside failed. */
const hollow =
  /^(External scheduler cannot be instantiated|Job aborted\.?|Exception thrown in awaitResult:?|Task failed while writing rows\.?|Writing job aborted\.?|Error initializing SparkContext\.?|An error occurred while calling \S+|User application exited with \d+|null|)$/

/**
 * The exceptions from the outermost to the innermost that explains: at each level what is printed as the cause, else the
 * Java half, else what the message quotes. Never empty.
 */
export function findCausePath(tree: ExceptionNode): readonly ExceptionNode[] {
  const path: ExceptionNode[] = []
  for (let node: ExceptionNode | undefined = tree; node !== undefined; node = findNext(node)) path.push(node)
  return path
}

function findNext(node: ExceptionNode): ExceptionNode | undefined {
  for (const link of order) {
    const found = node.below
      .filter((linked) => linked.link === link)
      .find((linked) => isReason(link, node, linked.node))
    if (found !== undefined) return found.node
  }
  return undefined
}

function isReason(link: ExceptionLink, outer: ExceptionNode, inner: ExceptionNode): boolean {
  if (link === 'context') return !lookup.test(nameOf(inner))
  if (link === 'suppressed') return isCarrier(outer)
  return true
}

const nameOf = ({ className }: ExceptionNode) => simpleName(className ?? '')

/** Whether the exception says nothing itself. */
export const isCarrier = (node: ExceptionNode): boolean =>
  carriers.test(nameOf(node)) || hollow.test(node.message) || isQuoteOnly(node)

/** Whether the message is nothing but another exception: `RuntimeException: java.io.IOException: text`. */
const isQuoteOnly = ({ message, below }: ExceptionNode): boolean =>
  below.some(({ link, node }) => link === 'quoted' && node.className !== null && message.startsWith(node.className))

/** The innermost exception of the path that says something. If none does, the innermost. */
export function findRootCause(tree: ExceptionNode): ExceptionNode {
  const path = findCausePath(tree)
  return path.findLast((node) => !isCarrier(node)) ?? path.at(-1) ?? tree
}

/**
 * The reason in one line, without packages: `ConnectException: Connection refused`. A short message is completed by that of
 * the exception around it, which often names the other side.
 */
export function describeRootCause(tree: ExceptionNode): string {
  const path = findCausePath(tree)
  const root = findRootCause(tree)
  const own = describeException(root)
  const around = path.slice(0, path.indexOf(root)).findLast((node) => !isCarrier(node) && saysMore(node, root))
  if (root.message.length > 60 || around === undefined) return own
  const context = ownWords(around)
  return context === '' ? own : `${own} (${context})`
}

const saysMore = (node: ExceptionNode, root: ExceptionNode): boolean =>
  node.byExecutor === root.byExecutor && ownWords(node) !== '' && !root.message.includes(ownWords(node))

/** The message before what it quotes. */
function ownWords({ message, below }: ExceptionNode): string {
  const quoted = below.find(({ link }) => link === 'quoted')?.node
  const name = quoted?.className ?? quoted?.message.slice(0, 40)
  const at = name === undefined ? -1 : message.indexOf(name)
  return (at < 0 ? message : message.slice(0, at)).replace(/[\s:;,(]+$/, '')
}

/** `Class: message`, with the class without its package. */
export function describeException(node: ExceptionNode): string {
  const name = nameOf(node)
  const message = node.message.replace(/\s+/g, ' ').trim()
  if (name === '') return message
  return message === '' ? name : `${name}: ${message}`
}
