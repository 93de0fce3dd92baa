import { Argument, Command } from 'commander'
import type { Edges } from '../../io/cli-io.ts'
import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import { bashScript } from './bash.ts'
import { completedCommands } from './completed-commands.ts'
import { fishScript } from './fish.ts'
import { zshScript } from './zsh.ts'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const
type Shell = keyof typeof scripts

/** The definition of `spark-nanny completion`: a script that completes what the commands' own definitions say. */
export function completionCommand(edges: Edges, _version: string, end: (code: ExitCode) => void): Command {
  return new Command('completion')
    .description('Print the script that completes commands and flags in your shell.')
    .usage('bash|zsh|fish')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(Object.keys(scripts)))
    .addHelpText('after', helpText)
    .action((shell: Shell, _options: unknown, command: Command) => {
      edges.stdout(scripts[shell](completedCommands(command.parent ?? command)))
      end(exitCodes.ok)
    })
}

const helpText = `
Examples:
  source <(spark-nanny completion bash)                                    # in ~/.bashrc
  spark-nanny completion zsh > "\${fpath[1]}/_spark-nanny"                  # once
  spark-nanny completion fish > ~/.config/fish/completions/spark-nanny.fish  # once`
