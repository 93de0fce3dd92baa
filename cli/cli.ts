import { Command, CommanderError, type Option } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { checkCommand } from './commands/check/command.ts'
import { completionCommand } from './commands/completion/command.ts'
import { diagnoseCommand } from './commands/diagnose/command.ts'
import { injectCommand } from './commands/inject/command.ts'
import { preflightCommand } from './commands/preflight/command.ts'
import { recoverCommand } from './commands/recover/command.ts'
import { validateCommand } from './commands/validate/command.ts'
import type { Invocation } from './invocation.ts'
import type { CliIo } from './io/cli-io.ts'
import { type ExitCode, exitCodes } from './io/exit-codes.ts'
import { UsageError } from './options/usage-error.ts'

/** Defines a command. `end` receives the exit code if the command line was valid. */
export type MakeCommand = (io: CliIo, version: string, end: (code: ExitCode) => void) => Command

/** In the order of the help text. */
const commands: readonly MakeCommand[] = [
  checkCommand,
  diagnoseCommand,
  injectCommand,
  preflightCommand,
  recoverCommand,
  validateCommand,
  completionCommand,
]

/** Runs one command line and returns its exit code. Never throws, and prints no stack trace. */
export async function runCommandLine({ name, args, misuse }: Invocation, io: CliIo): Promise<ExitCode> {
  if (misuse !== undefined) {
    for (const text of misuse) io.stderr(text)
    return exitCodes.usage
  }
  let exitCode: ExitCode = exitCodes.ok
  const program = new Command(name)
    .description('Detect, diagnose and restart hung Spark drivers on Kubernetes.')
    .version(packageJson.version, '-V, --version', 'Print the version')
    .helpCommand(false)
  for (const make of commands) {
    program.addCommand(
      make(io, packageJson.version, (code) => {
        exitCode = code
      }),
    )
  }
  for (const command of [program, ...program.commands]) {
    command
      .helpOption('-h, --help', 'Print this help')
      .configureHelp({ optionDescription: describeOption })
      .exitOverride()
      .configureOutput({
        writeOut: (text) => io.stdout({ kind: 'text', text }),
        writeErr: (text) => writeLines(text, io),
        // Commander prints a suggested spelling on a second line. Errors are one line here.
        outputError: (text) => io.stderr(text.replace(/\n(?=\()/, ' ').trimEnd()),
      })
      .showHelpAfterError(formatUsage(command))
  }
  let calledCommand = program
  program.hook('preAction', (_, command) => {
    calledCommand = command
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (error instanceof UsageError) {
      io.stderr(`error: ${error.message}`)
      io.stderr(formatUsage(calledCommand))
      return exitCodes.usage
    }
    io.stderr(`error: ${error instanceof Error ? error.message : String(error)}`)
    return exitCodes.failed
  }
}

function formatUsage(command: Command): string {
  const name = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`
  return `usage: ${name} ${command.usage()} (see ${name} --help)`
}

/** Writes a text of commander, which may have several lines, to standard error. */
function writeLines(text: string, io: CliIo): void {
  for (const line of text.replace(/\n$/, '').split('\n')) io.stderr(line)
}

/** Without commander's `(default: false)` and its list of choices, which the descriptions already contain. */
function describeOption({ description, defaultValue, defaultValueDescription }: Option): string {
  if (defaultValue === undefined || typeof defaultValue === 'boolean') return description
  return `${description} (default: ${defaultValueDescription ?? String(defaultValue)})`
}
