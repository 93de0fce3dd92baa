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

/** Whether JVM options load a JDWP agent, through which a debugger can suspend all threads. */
export function loadsDebugAgent(options: string | undefined): boolean {
  return options !== undefined && /-(agentlib:jdwp|agentpath:\S*jdwp|Xrunjdwp)/.test(options)
}
