import { Command, InvalidArgumentError, Option } from 'commander'
import { parseDurationMs } from '../../../core/duration.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { noColorOption, outputOption, withConnectionFlags } from '../../options/flags.ts'
import { runChecks } from './check.ts'
import type { CheckOptions } from './options.ts'

/** The definition of `spark-nanny check`. `end` gets the exit code of a call that was right. */
export function checkCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  const command = new Command('check')
    .description('Check the installation, its certificates, and the drivers it should watch.')
    .usage('[options]')
    .option('--pre', 'before the installation: is the cluster fit for it, and may you install?', false)
    .addOption(
      new Option('--wait <DURATION>', 'look again until all is well, for at most this long, such as 2m')
        .argParser(parseWait)
        .default(0, 'look once'),
    )
    .option('--strict', 'warnings end in exit code 4', false)
    .addOption(outputOption(['text', 'json']))
  return withConnectionFlags(command, 'where spark-nanny is, or would be (--pre); else it is found by its labels')
    .addOption(noColorOption())
    .addHelpText('after', helpText)
    .action(async ({ wait, ...options }: Omit<CheckOptions, 'waitMs'> & { readonly wait: number }) =>
      end(await runChecks({ ...options, waitMs: wait }, version, io)),
    )
}

const helpText = `
It changes nothing: what a driver pod would get is asked by server-side dry runs.

Exit codes: 0 all is well, or warnings only; 1 the API server did not answer; 2 wrong call; 3 an error was found; 4 a
warning was found (--strict); 5 no error, but something could not be read.

Examples:
  spark-nanny check --pre
  spark-nanny check --wait 2m
  spark-nanny check -o json --strict`

function parseWait(text: string): number {
  const waitMs = parseDurationMs(text)
  if (waitMs === undefined) throw new InvalidArgumentError('It must be a duration with its unit, such as 2m.')
  return waitMs
}
