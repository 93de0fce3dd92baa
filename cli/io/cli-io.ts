import type { Connection, ConnectionFlags } from '../cluster/connect.ts'
import type { OutputIo } from './output.ts'

/** The effects of the command line, injected so that tests can run it in one process. */
export interface CliIo extends OutputIo {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Which output streams are terminals. */
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean }
  /** Reads a text file. Rejects like `fs.readFile`. */
  readFile(path: string): Promise<string>
  /** Streams a regular file of any size. Rejects like `readRegularFile`. */
  readBytes(path: string): AsyncIterable<Uint8Array>
  /** Creates a folder that only its owner can read, or uses an empty one. Rejects like `fs.mkdir`, or with ENOTEMPTY. */
  makePrivateFolder(path: string): Promise<void>
  /** Writes a new file that only its owner can read. Rejects like `fs.open`, with EEXIST if the file exists. */
  writePrivateFile(path: string, text: string): Promise<void>
  /** Appends to a file, which is created if it does not exist. Rejects like `fs.appendFile`. */
  appendFile(path: string, text: string): Promise<void>
  readStdin(): Promise<string>
  nowMs(): number
  sleep(ms: number): Promise<void>
  /**
   * Connects by the same rules as kubectl, without a request to the API server. Rejects with a UsageError if the
   * kubeconfig or context cannot be used.
   */
  connect(flags: ConnectionFlags): Promise<Connection>
}
