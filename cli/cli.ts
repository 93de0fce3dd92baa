import { Command, CommanderError } from 'commander'
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

/** A command's definition. `end` gets the exit code of a call that was right. */
export type MakeCommand = (io: CliIo, version: string, end: (code: ExitCode) => void) => Command

/** In the order of the help. */
const commands: readonly MakeCommand[] = [
  checkCommand,
  diagnoseCommand,
  injectCommand,
  preflightCommand,
  recoverCommand,
  validateCommand,
  completionCommand,
]

/** Runs one call of the command line. Never throws and prints no stack trace; what a call can end with stands in `exitCodes`. */
export async function runCommandLine({ name, args, misuse }: Invocation, io: CliIo): Promise<ExitCode> {
  if (misuse !== undefined) {
    io.stderr(misuse)
    return exitCodes.usage
  }
  let exitCode: ExitCode = exitCodes.ok
  const program = new Command(name)
    .description('Notices hung Spark drivers on Kubernetes and has the kubelet restart them.')
    .version(packageJson.version, '-V, --version', 'print the version')
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
      .helpOption('-h, --help', 'print this help')
      .exitOverride()
      .configureOutput({
        writeOut: io.stdout,
        writeErr: io.stderr,
        // The suggestion of another spelling comes on a line of its own.
        outputError: (text, write) => write(text.replace(/\n(?=\()/, ' ')),
      })
      .showHelpAfterError(usageOf(command))
  }
  let called = program
  program.hook('preAction', (_, command) => {
    called = command
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (error instanceof UsageError) {
      io.stderr(`error: ${error.message}\n${usageOf(called)}\n`)
      return exitCodes.usage
    }
    io.stderr(`error: ${error instanceof Error ? error.message : String(error)}\n`)
    return exitCodes.failed
  }
}

function usageOf(command: Command): string {
  const name = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`
  return `usage: ${name} ${command.usage()} (${name} --help tells more)`
}
