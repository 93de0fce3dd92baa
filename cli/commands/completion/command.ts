import { Argument, Command } from 'commander'
import type { CliIo } from '../../io/cli-io.ts'
import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import { renderBashScript } from './bash.ts'
import { describeCommands } from './completed-commands.ts'
import { renderFishScript } from './fish.ts'
import { renderZshScript } from './zsh.ts'

const scripts = { bash: renderBashScript, zsh: renderZshScript, fish: renderFishScript } as const
type Shell = keyof typeof scripts

/**
 * Defines `spark-nanny completion`, which derives a static script from the definitions of the commands. The script needs no
 * call of `spark-nanny` for each press of the Tab key, which would take about 0.1 s to start Node.
 */
export function completionCommand(io: CliIo, _version: string, end: (code: ExitCode) => void): Command {
  return new Command('completion')
    .description('Print a script that completes commands and flags in your shell.')
    .usage('bash|zsh|fish')
    .addArgument(new Argument('<SHELL>', 'Shell of the script').choices(Object.keys(scripts)))
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
