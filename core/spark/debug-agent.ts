/** The properties whose options the driver's JVM gets, in the order in which spark-submit passes them. */
export const javaOptionKeys = ['spark.driver.defaultJavaOptions', 'spark.driver.extraJavaOptions'] as const

/** The variables whose options a JVM (JDK_JAVA_OPTIONS, JAVA_TOOL_OPTIONS, _JAVA_OPTIONS) or spark-class reads. */
export const javaOptionVariables: readonly string[] = [
  'JAVA_TOOL_OPTIONS',
  'JDK_JAVA_OPTIONS',
  '_JAVA_OPTIONS',
  'SPARK_SUBMIT_OPTS',
  'SPARK_JAVA_OPTS',
]

/** Variables that a JVM, Spark's scripts or an image may read options from, such as SPARK_JAVA_OPT_0 and OPENJ9_JAVA_OPTIONS. */
const anyJavaOptions = /(JAVA|JDK|JVM|SPARK)\w*OPT/

export const mayContainJavaOptions = (variable: string): boolean => anyJavaOptions.test(variable)

/** Only the container knows all of these options: they refer to variables, to a file of arguments (`@file`) or of options. */
const refersToOptions = /\$[({]|(^|\s)@\S|-XX:(VMOptionsFile|Flags)=/

/** Whether JVM options load a JDWP agent, or refer to other options, which may. */
export const mayLoadDebugAgent = (options: string | undefined): boolean =>
  options !== undefined && (loadsDebugAgent(options) || refersToOptions.test(options))

/** Whether JVM options load a JDWP agent, through which a debugger can suspend all threads. */
export function loadsDebugAgent(options: string | undefined): boolean {
  if (options === undefined || !options.includes('jdwp')) return false
  return /-(agentlib:jdwp|Xrunjdwp)/.test(options) || hasDebugAgentPath(options)
}

const agentPath = '-agentpath:'

/**
 * Whether an option `-agentpath:` has `jdwp` in its value. It goes through the options once; a regular expression would look
 * for `jdwp` from each `-agentpath:`.
 */
function hasDebugAgentPath(options: string): boolean {
  const blank = /\s/g
  let end = 0
  let agentAt = -1
  for (let start = options.indexOf(agentPath); start >= 0; start = options.indexOf(agentPath, end)) {
    if (agentAt < start) agentAt = options.indexOf('jdwp', start)
    if (agentAt < 0) return false
    blank.lastIndex = start
    end = blank.exec(options)?.index ?? options.length
    if (agentAt < end) return true
  }
  return false
}
