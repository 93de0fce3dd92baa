/** An invalid command line or input file. The message is one line for the user; the exit code is `exitCodes.usage`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
