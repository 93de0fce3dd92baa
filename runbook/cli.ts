import { Command, CommanderError } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { type Edges, UsageError } from './edges.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { injectCommand } from './inject/command.ts'

/**
 * Runs one call of the command line: `args` are those after the program's name. Never throws and prints no stack
 * trace; what a call can end with stands in `exitCodes`.
 */
export async function runCommandLine(args: readonly string[], edges: Edges): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok
  const inject = injectCommand(edges, packageJson.version, (code) => {
    exitCode = code
  })
  const program = new Command('spark-nanny')
    .description('Notices hung Spark drivers on Kubernetes and has the kubelet restart them.')
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpCommand(false)
    .addCommand(inject)
  for (const command of [program, inject]) {
    command
      .helpOption('-h, --help', 'print this help')
      .exitOverride()
      .configureOutput({
        writeOut: edges.stdout,
        writeErr: edges.stderr,
        // The suggestion of another spelling comes on a line of its own.
        outputError: (text, write) => write(text.replace(/\n(?=\()/, ' ')),
      })
      .showHelpAfterError(usageOf(command))
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (error instanceof UsageError) {
      edges.stderr(`error: ${error.message}\n${usageOf(inject)}\n`)
      return exitCodes.usage
    }
    edges.stderr(`error: ${error instanceof Error ? error.message : String(error)}\n`)
    return exitCodes.failed
  }
}

function usageOf(command: Command): string {
  const name = command.name() === 'spark-nanny' ? 'spark-nanny' : `spark-nanny ${command.name()}`
  return `usage: ${name} ${command.usage()} (${name} --help tells more)`
}
