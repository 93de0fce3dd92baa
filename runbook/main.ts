import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { runCommandLine } from './cli.ts'

// A reader that closes early (`| head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await runCommandLine(process.argv.slice(2), {
  readFile: (path) => readFile(path, 'utf8'),
  readStdin: () => text(process.stdin),
  stdout: (output) => void process.stdout.write(output),
  stderr: (output) => void process.stderr.write(output),
})
