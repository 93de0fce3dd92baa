import { aliases, toSparkNannyArgs } from './aliases.ts'

/** A call as the command line reads it. */
export interface Invocation {
  /** What help and usage lines call the program. */
  readonly name: string
  readonly args: readonly string[]
  /** What is wrong with it, and the usage, where that is known already. */
  readonly misuse?: string
}

/**
 * The call behind the name of the file that was run. kubectl runs a plug-in by its file's name, in which `_` stands for
 * a dash of the command's (https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/). The runbook has names of its
 * own for some commands.
 */
export function parseInvocation(program: string, args: readonly string[]): Invocation {
  const name = program.replace(/\.(exe|cmd|mjs)$/, '')
  const runbookName = Object.hasOwn(aliases, name) ? aliases[name] : undefined
  if (runbookName !== undefined) return { name: 'spark-nanny', args: [], ...toSparkNannyArgs(name, runbookName, args) }
  return { name: name === 'kubectl-spark_nanny' ? 'kubectl spark-nanny' : 'spark-nanny', args }
}
