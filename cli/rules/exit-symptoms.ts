import type { ExceptionNode } from '../log/exceptions/exception-tree.ts'
import { findCausePath } from '../log/exceptions/root-cause.ts'
import { endingException, type Facts, logSource } from './facts.ts'
import { type Failure, findFailure, findLastError } from './failure.ts'
import { findOwner } from './owners.ts'
import type { RuleMatch } from './rule.ts'

/** The exception that ended the program, as a finding whose headline is the root. */
function describeEnding(facts: Facts, matches: (failure: Failure) => boolean): RuleMatch | undefined {
  const failure = findFailure(facts)
  if (failure?.kind !== 'ended' || !matches(failure)) return undefined
  const { evidence, reason, root } = failure
  return { evidence, details: { exception: reason, why: reason, call: reason }, byExecutor: root.byExecutor }
}

/** The first line of an error in an R program, which counts as a traceback: the program may go on after it. */
const isOfR = (facts: Facts): boolean => /^Error in /.test(endingException(facts)[0]?.text ?? '')

export const pythonException = (facts: Facts): RuleMatch | undefined =>
  describeEnding(facts, () => endingException(facts)[0]?.place === 'traceback' && !isOfR(facts))

export const uncaughtException = (facts: Facts): RuleMatch | undefined => describeEnding(facts, () => true)

/** A job that Spark aborted, wherever in the tree it stands. */
export const abortedJob = (facts: Facts): RuleMatch | undefined =>
  describeEnding(facts, ({ tree }) =>
    findCausePath(tree).some(({ message }) => message.includes('Job aborted due to stage failure')),
  )

export const pythonCall = (facts: Facts): RuleMatch | undefined =>
  describeEnding(facts, ({ tree }) => /^py4j\.protocol\.Py4J(Java)?Error$/.test(tree.className ?? ''))

/** Spark's own complaint about a query, if it does not only pass on what another exception says. */
export const analysisError = (facts: Facts): RuleMatch | undefined =>
  describeEnding(
    facts,
    ({ root, tree }) =>
      /(^|\.)(Extended)?(Analysis|Parse)Exception$/.test(root.className ?? '') && findOwner(tree).kind === 'spark',
  )

const connectionErrors = /^(py4j\.protocol\.Py4JNetworkError|Connection\w*Error|BrokenPipeError)$/

/** Whether an exception of the tree is about a connection, and raised by py4j or not. */
const isConnectionError = (tree: ExceptionNode, byPy4j: boolean): boolean =>
  findCausePath(tree).some(
    ({ className, frames }) =>
      connectionErrors.test(className ?? '') &&
      byPy4j === (className?.startsWith('py4j.') === true || frames.some((frame) => frame.includes('py4j'))),
  )

/** Python lost the connection to its JVM: an exception of py4j, or one that py4j's frames raised. */
export const lostPythonConnection = (facts: Facts): RuleMatch | undefined =>
  describeEnding(facts, ({ tree }) => isConnectionError(tree, true))

/** A service refused a connection of the Python program, or closed it. */
export const refusedPythonConnection = (facts: Facts): RuleMatch | undefined =>
  describeEnding(facts, ({ tree }) => isConnectionError(tree, false) && !isConnectionError(tree, true))

/** What the end of the log says about an exit: the last error, else the last words of the program. */
export function lastWords(
  facts: Facts,
): Pick<RuleMatch, 'details'> & { readonly evidence: RuleMatch['evidence'] | null } {
  const source = logSource(facts)
  const error = findLastError(facts)
  const failure = findFailure(facts)
  if (failure !== undefined) return { evidence: failure.evidence, details: { reason: failure.reason } }
  if (error !== undefined) {
    return {
      evidence: [{ source, line: error.number, excerpt: error.text, count: 1 }],
      details: { reason: error.message },
    }
  }
  const words = (facts.log?.lastWords ?? []).filter(({ place }) => place === 'output' || place === 'warning')
  const [first, ...rest] = words.map(({ number, text }) => ({ source, line: number, excerpt: text, count: 1 }))
  const last = words.findLast(({ place }) => place === 'output')
  if (first === undefined) return { evidence: null }
  return { evidence: [first, ...rest], ...(last !== undefined && { details: { reason: last.text } }) }
}

/** A connection that failed is the root, whose message alone rarely names the other side. */
export const failedConnection = (facts: Facts): RuleMatch | undefined =>
  describeEnding(facts, ({ root }) =>
    /(^|\.)(Connect|SocketTimeout|NoRouteToHost|HttpHostConnect|ConnectTimeout|Communications|Net|ConnectionLoss)Exception$/.test(
      root.className ?? '',
    ),
  )

/** A variable of the environment that the Python program looked up with `os.environ[…]`. Its module raises the exception. */
export function missingVariable(facts: Facts): RuleMatch | undefined {
  const failure = findFailure(facts)
  if (failure?.root.className !== 'KeyError' || !/(^|\/)os\.py$|^<frozen os>$/.test(failure.root.frames[0] ?? '')) {
    return undefined
  }
  const [, variable] = /^'([A-Za-z_]\w{0,200})'$/.exec(failure.root.message) ?? []
  if (variable === undefined) return undefined
  const weight = failure.kind === 'logged' ? { weight: 'logged' as const } : {}
  return { evidence: failure.evidence, details: { variable }, byExecutor: failure.root.byExecutor, ...weight }
}

/** A value such as `60s` that Hadoop read as a number. */
export function numberWithUnit(facts: Facts): RuleMatch | undefined {
  const failure = findFailure(facts)
  const value = failure === undefined ? null : /^For input string: "(\d{1,9}[a-z]{1,2})"/.exec(failure.root.message)
  if (failure === undefined || value?.[1] === undefined) return undefined
  if (!failure.root.frames.some((frame) => /\.hadoop\./.test(frame))) return undefined
  const weight = failure.kind === 'logged' ? { weight: 'logged' as const } : {}
  return { evidence: failure.evidence, details: { value: value[1] }, byExecutor: failure.root.byExecutor, ...weight }
}
