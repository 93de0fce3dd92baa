import type { EvidenceItem } from '../findings/findings.ts'
import type { ExceptionNode } from '../log/exceptions/exception-tree.ts'
import { describeRootCause, findCausePath, findRootCause } from '../log/exceptions/root-cause.ts'
import { simpleName } from '../log/exceptions/throwable.ts'
import { endingException, type Facts, isAlive, logSource, wasKilled } from './facts.ts'
import { registration } from './scheduling.ts'

/** The exception that explains the end of a driver, as far as the log shows one. */
export interface Failure {
  readonly tree: ExceptionNode
  /** The innermost exception that says something. */
  readonly root: ExceptionNode
  /** ended: it ended the main thread. logged: the program logged it and then ended without an exception. */
  readonly kind: 'ended' | 'logged'
  /** The root in one line. */
  readonly reason: string
  readonly evidence: readonly [EvidenceItem, ...EvidenceItem[]]
}

/**
 * Finds the exception that ended the driver or, if it ended without one, the last one that it logged. If the one that ended it
 * says less than the one logged before, the latter.
 */
export function findFailure(facts: Facts): Failure | undefined {
  const ended = findEnding(facts)
  const before = facts.log?.lastError
  if (ended !== undefined && before?.tree != null && ledToEnd(before.number, facts)) {
    return toFailure(before.tree, 'ended', facts, before)
  }
  if (ended !== undefined) return toFailure(ended, 'ended', facts)
  const logged = findLastError(facts)
  return logged?.tree == null ? undefined : toFailure(logged.tree, 'logged', facts, logged)
}

/** The tree of the exception that ended the program. Undefined if no exception ended it. */
export function findEnding(facts: Facts): ExceptionNode | undefined {
  return endingException(facts).length === 0 ? undefined : facts.log?.ending?.tree
}

/** The last error of a driver that then ended by itself. Undefined if the driver worked on after it. */
export function findLastError(facts: Facts) {
  const error = facts.log?.lastError
  if (error == null || isAlive(facts) || wasKilled(facts) || facts.state === 'completed') return undefined
  return isHarmless(error.number, facts) ? undefined : error
}

/** Line of the last sign that the driver works: a context, a job or an executor that registered. */
export function findProgress({ log }: Facts): number {
  const { context, job, jobDone } = log?.milestones ?? { context: 0, job: 0, jobDone: 0 }
  return Math.max(context, job, jobDone, log?.hits.get(registration)?.last.number ?? 0)
}

/** Exit codes that say nothing about the program's own opinion: an exception, a signal, or Spark's. */
const generalExitCodes: ReadonlySet<number> = new Set([0, 1, 11, 50, 52, 101, 126, 127, 134, 137, 139, 142, 143])

/**
 * Whether the driver worked on after a logged error, or ended itself with an exit code of its own after it had printed
 * something else, which is then the reason.
 */
export function isHarmless(line: number, facts: Facts): boolean {
  if (findProgress(facts) > line) return true
  const { exit, log } = facts
  const choseItsEnd = exit !== null && !generalExitCodes.has(exit.exitCode)
  return choseItsEnd && log?.lastWords.some(({ number, place }) => place === 'output' && number > line) === true
}

const generalNames =
  /^(Exception|Error|RuntimeException|SparkException|IllegalStateException|IOException|RuntimeError|SystemExit|Failure|FatalError)$/

/**
 * Whether an error that was logged at this line led to the exception that ended the program: nothing of the driver's work
 * lies between them, and the exception says little and has no cause of its own.
 */
export function ledToEnd(line: number, facts: Facts): boolean {
  const tree = findEnding(facts)
  if (tree === undefined || line >= tree.line || findProgress(facts) > line) return false
  return findCausePath(tree).length === 1 && generalNames.test(simpleName(tree.className ?? 'Exception'))
}

function toFailure(
  tree: ExceptionNode,
  kind: Failure['kind'],
  facts: Facts,
  record?: { readonly number: number; readonly text: string },
): Failure {
  const root = findRootCause(tree)
  const source = logSource(facts)
  const outer = record ?? { number: tree.line, text: outerText(tree, facts) }
  const head = { source, line: outer.number, excerpt: outer.text, count: 1 }
  // The shortened line of an outer exception may end before what it quotes.
  const isShown = root.line === outer.number && outer.text.includes(root.message.slice(0, 80))
  const rest = isShown ? [] : [{ source, line: root.line, excerpt: root.text, count: 1 }]
  return { tree, root, kind, reason: describeRootCause(tree), evidence: [head, ...rest] }
}

/** The whole line, which begins with `Exception in thread`. */
const outerText = (tree: ExceptionNode, facts: Facts): string =>
  endingException(facts).find(({ number }) => number === tree.line)?.text ?? tree.text
