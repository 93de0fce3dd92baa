import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommandLine } from '../../cli/cli.ts'
import { parseInvocation } from '../../cli/invocation.ts'
import type { CliIo } from '../../cli/io/cli-io.ts'
import { createOutput } from '../../cli/io/output.ts'

export interface Ran {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs the command line in this process, by default without cluster and terminal; `io` overrides single effects.
 * Files are read from `files`, or from the admission captures if `files` does not have the name.
 */
export async function runCli(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  stdin = '',
  { calledAs = 'spark-nanny', ...io }: Partial<CliIo> & { readonly calledAs?: string } = {},
): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  const exitCode = await runCommandLine(parseInvocation(calledAs, args), {
    env: {},
    isTerminal: { stdout: false, stderr: false },
    readFile: async (path) => files[path] ?? readFile(join(captureDir, path), 'utf8'),
    async *readBytes(path) {
      const text = files[path] ?? (await readFile(join(captureDir, path), 'utf8'))
      yield new TextEncoder().encode(text)
    },
    readStdin: async () => stdin,
    ...createOutput({
      stdout: (text) => {
        stdout += text
      },
      stderr: (text) => {
        stderr += text
      },
    }),
    makePrivateFolder: () => Promise.reject(new Error('this test must not create a directory')),
    writePrivateFile: () => Promise.reject(new Error('this test must not write a file')),
    appendFile: () => Promise.reject(new Error('this test must not write a file')),
    nowMs: () => Date.now(),
    sleep: async () => {},
    connect: () => Promise.reject(new Error('this test has no cluster')),
    ...io,
  })
  return { exitCode, stdout, stderr }
}

const captureDir = join(import.meta.dirname, '../data/admission')

/** The object of a captured AdmissionReview. */
export async function capturedObject(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(captureDir, file), 'utf8')).request.object
}
