/** What the command line ends with. */
export const exitCodes = {
  ok: 0,
  /** The work itself failed. */
  failed: 1,
  /** The call was wrong: an unknown flag, a file that cannot be read or is not what it should be. */
  usage: 2,
  /** Something was found, and the worst of it is an error. */
  errors: 3,
  /** Something was found, at worst a warning; only with --strict. */
  warnings: 4,
  /** Nothing was found, but not everything could be read. */
  incomplete: 5,
  /** A remedy was refused, or did not help. */
  remedyFailed: 6,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
