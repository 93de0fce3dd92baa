/** A wrong call, worded for the one who made it: one line. Ends in `exitCodes.usage`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
