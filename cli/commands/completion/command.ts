import { Argument, Command } from 'commander'
import type { CliIo } from '../../io/cli-io.ts'
import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import { renderBashScript } from './bash.ts'
import { describeCommands } from './completed-commands.ts'
import { renderFishScript } from './fish.ts'
import { renderZshScript } from './zsh.ts'

const scripts = { bash: renderBashScript, zsh: renderZshScript, fish: renderFishScript } as const
type Shell = keyof typeof scripts

/** The definition of `spark-nanny completion`: a script that completes what the commands' own definitions say. */
export function completionCommand(io: CliIo, _version: string, end: (code: ExitCode) => void): Command {
  return new Command('completion')
    .description('Print the script that completes commands and flags in your shell.')
    .usage('bash|zsh|fish')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(Object.keys(scripts)))
    .addHelpText('after', helpText)
    .action((shell: Shell, _options: unknown, command: Command) => {
      io.stdout(scripts[shell](describeCommands(command.parent ?? command)))
      end(exitCodes.ok)
    })
}

const helpText = `
Examples:
  source <(spark-nanny completion bash)                                    # in ~/.bashrc
  spark-nanny completion zsh > "\${fpath[1]}/_spark-nanny"                  # once
  spark-nanny completion fish > ~/.config/fish/completions/spark-nanny.fish  # once`
