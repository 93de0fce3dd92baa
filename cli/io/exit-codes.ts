/** Exit codes of the command line. */
export const exitCodes = {
  ok: 0,
  /** The command failed. */
  failed: 1,
  /** Usage error: an unknown flag, or a file that cannot be read or has the wrong content. */
  usage: 2,
  /** There is at least one finding of severity error. */
  errors: 3,
  /** There are warnings, but no errors. Only with --strict. */
  warnings: 4,
  /** There are no errors, but some evidence could not be read, or it does not show that the driver is healthy. */
  incomplete: 5,
  /** A recovery was refused or did not help. */
  remedyFailed: 6,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
