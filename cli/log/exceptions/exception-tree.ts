/** How an exception hangs below the one that it belongs to. */
export type ExceptionLink =
  /** Printed below `Caused by:`, or the direct cause of a Python exception. */
  | 'cause'
  /** The Java half of an exception that py4j or PySpark passes on to Python. */
  | 'java'
  /** Quoted in the message of the outer exception. */
  | 'quoted'
  /** A Python exception that was being handled when the outer one was raised. */
  | 'context'
  | 'suppressed'

/** One exception of a tree, with the exceptions below it. */
export interface ExceptionNode {
  /** The name of the class as it is printed, or null for text that names none. */
  readonly className: string | null
  /** The message, on one line. At most {@link maxMessageLength} characters. */
  readonly message: string
  /** Number of its line in the log, starting at 1. */
  readonly line: number
  /** Its line in the log, shortened. */
  readonly text: string
  /** Whether a task on an executor threw it. */
  readonly byExecutor: boolean
  /** The innermost frames: classes with their methods (Java) or file names (Python). At most {@link maxFrames}. */
  readonly frames: readonly string[]
  readonly below: readonly LinkedException[]
}

export interface LinkedException {
  readonly link: ExceptionLink
  readonly node: ExceptionNode
}

export const maxMessageLength = 1_000
export const maxFrames = 8

/** Applies `change` to the texts of every exception of the tree. */
export function mapTexts(node: ExceptionNode, change: (text: string) => string): ExceptionNode {
  return {
    ...node,
    message: change(node.message),
    text: change(node.text),
    below: node.below.map(({ link, node: inner }) => ({ link, node: mapTexts(inner, change) })),
  }
}

/** All exceptions of the tree, the outermost first. */
export function listNodes(node: ExceptionNode): readonly ExceptionNode[] {
  return [node, ...node.below.flatMap((linked) => listNodes(linked.node))]
}
