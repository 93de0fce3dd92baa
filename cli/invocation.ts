import { aliases, toSparkNannyArgs } from './aliases.ts'

/** The program name and arguments of one call. */
export interface Invocation {
  /** Name of the program in help and usage lines. */
  readonly name: string
  readonly args: readonly string[]
  /** Error and usage lines, if the arguments of an alias are invalid. */
  readonly misuse?: readonly string[]
}

/**
 * Derives the invocation from the name of the executed file. In the file name of a kubectl plugin, `_` represents a dash of
 * the command (https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/). Some commands also have an alias.
 */
export function parseInvocation(program: string, args: readonly string[]): Invocation {
  const name = program.replace(/\.(exe|cmd|mjs)$/, '')
  const alias = Object.hasOwn(aliases, name) ? aliases[name] : undefined
  if (alias !== undefined) return { name: 'spark-nanny', args: [], ...toSparkNannyArgs(name, alias, args) }
  return { name: name === 'kubectl-spark_nanny' ? 'kubectl spark-nanny' : 'spark-nanny', args }
}
