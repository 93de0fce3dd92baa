import type { Language } from './spark-memory.ts'

/** Detects the language by the file that is run, like SparkSubmit. */
export function detectLanguage(mainFile: string | undefined): Language {
  if (mainFile === undefined) return 'jvm'
  if (/\.py$|^pyspark-shell$/.test(mainFile)) return 'python'
  return /\.R$/i.test(mainFile) ? 'r' : 'jvm'
}

/**
 * Words that SparkSubmit takes for a program that is in Spark itself, instead of a file (SparkSubmit.isShell, isInternal,
 * isThriftServer and isConnectServer).
 */
export const isInternalProgram = (mainFile: string): boolean =>
  ['spark-internal', 'spark-shell', 'pyspark-shell', 'sparkr-shell'].includes(mainFile)
