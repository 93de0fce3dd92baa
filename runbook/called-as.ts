/** A call as the command line reads it. */
export interface Call {
  /** What help and usage lines call the program. */
  readonly name: string
  readonly args: readonly string[]
}

/**
 * The call behind the name of the file that was run. kubectl runs a plug-in by its file's name, in which `_` stands for
 * a dash of the command's (https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/).
 */
export function callOf(program: string, args: readonly string[]): Call {
  const name = program.replace(/\.(exe|cmd|mjs)$/, '')
  return { name: name === 'kubectl-spark_nanny' ? 'kubectl spark-nanny' : 'spark-nanny', args }
}
