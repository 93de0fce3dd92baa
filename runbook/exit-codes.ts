/** What the command line ends with. */
export const exitCodes = {
  ok: 0,
  /** The work itself failed. */
  failed: 1,
  /** The call was wrong: an unknown flag, a file that cannot be read or is not what it should be. */
  usage: 2,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
