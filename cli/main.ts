import { appendFile, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { decodeText } from '../core/text-decoder.ts'
import { runCommandLine } from './cli.ts'
import { checkNodeVersion } from './cluster/node-version.ts'
import { parseInvocation } from './invocation.ts'
import { createOutput } from './io/output.ts'
import { makePrivateFolder, writePrivateFile } from './io/private-files.ts'
import { readRegularFile } from './io/regular-file.ts'

// A reader that closes the pipe early (`| head`) is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await runCommandLine(parseInvocation(basename(process.argv[1] ?? ''), process.argv.slice(2)), {
  env: process.env,
  isTerminal: { stdout: process.stdout.isTTY === true, stderr: process.stderr.isTTY === true },
  readFile: async (path) => decodeText(await readFile(path)),
  readBytes: readRegularFile,
  makePrivateFolder,
  writePrivateFile,
  appendFile,
  readStdin: async () => decodeText(await buffer(process.stdin)),
  ...createOutput({
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
  }),
  nowMs: () => Date.now(),
  sleep: (ms) => delay(ms),
  // Load the Kubernetes client only if a command needs it.
  connect: async (flags) => {
    checkNodeVersion(process.versions.node)
    return (await import('./cluster/connect.ts')).connect(flags, process.env)
  },
})
