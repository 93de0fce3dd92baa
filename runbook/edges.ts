/** All that the command line has to do with the world outside, so that tests run it whole in one process. */
export interface Edges {
  /** The text of a file; rejects as `fs.readFile` does. */
  readFile(path: string): Promise<string>
  readStdin(): Promise<string>
  stdout(text: string): void
  stderr(text: string): void
}

/** A wrong call, worded for the one who made it: one line. Ends in `exitCodes.usage`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
