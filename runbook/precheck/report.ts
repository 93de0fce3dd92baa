import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Finding } from '../findings.ts'

/** What came of the checks before a run. */
export interface PrecheckReport {
  /** Whose configuration it is, for a heading. */
  readonly subject: string
  readonly findings: readonly Finding[]
  /** What could not be known. */
  readonly unknown: readonly Unknown[]
}

export interface Unknown {
  readonly what: string
  readonly source: string
  readonly why: string
}

/** Of what was asked and not answered; what the caller did not want asked counts for nothing. */
export function exitCodeOf({ findings, unknown }: PrecheckReport, strict: boolean, offline: boolean): ExitCode {
  if (findings.some(({ severity }) => severity === 'error')) return exitCodes.errors
  if (strict && findings.length > 0) return exitCodes.warnings
  return unknown.length > 0 && !offline ? exitCodes.incomplete : exitCodes.ok
}
