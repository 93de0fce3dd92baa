import type { Connection, ConnectionFlags } from '../cluster/connect.ts'

/** All that the command line has to do with the world outside, so that tests run it whole in one process. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Which of our streams a person looks at. */
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean }
  /** The text of a file; rejects as `fs.readFile` does. */
  readFile(path: string): Promise<string>
  /** A file of any size, piece by piece; rejects as `fs.createReadStream` does. */
  readBytes(path: string): AsyncIterable<Uint8Array>
  /** Makes a folder that only its owner may read, or takes an empty one; rejects as `fs.mkdir` does, or with ENOTEMPTY. */
  makePrivateFolder(path: string): Promise<void>
  /** Writes a new file that only its owner may read; rejects as `fs.open` does, with EEXIST when there is one. */
  writePrivateFile(path: string, text: string): Promise<void>
  /** Adds to the end of a file, and makes it where there is none; rejects as `fs.appendFile` does. */
  appendFile(path: string, text: string): Promise<void>
  readStdin(): Promise<string>
  stdout(text: string): void
  stderr(text: string): void
  nowMs(): number
  sleep(ms: number): Promise<void>
  /**
   * A connection by the flags, as kubectl finds its own. Asks the API server nothing yet. Rejects with a UsageError for
   * a kubeconfig or context that cannot be used.
   */
  connect(flags: ConnectionFlags): Promise<Connection>
}
