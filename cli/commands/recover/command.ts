import { Command, InvalidArgumentError, Option } from 'commander'
import { parseDurationMs } from '../../../core/duration.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { noColorOption, outputOption, withConnectionFlags } from '../../options/flags.ts'
import type { RecoverOptions } from './options.ts'

export const forms = ['text', 'json'] as const

interface GivenOptions extends Omit<RecoverOptions, 'name' | 'windowMs' | 'waitMs' | 'timeoutMs'> {
  readonly window: number
  readonly wait: number
  readonly timeout: number
}

/** The definition of `spark-nanny recover`. `end` gets the exit code of a call that was right. */
export function recoverCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  const command = new Command('recover')
    .description('Show a recovery plan for a crashed driver. With --apply, run the plan and watch the driver.')
    .usage('NAME [options]')
    .argument('<NAME>', 'Name of a SparkApplication, or for spark-submit the application or its driver pod')
    .option('--apply', 'Run the plan; without this option nothing is changed', false)
    .option('--cause-fixed', 'Rerun unchanged, because you have fixed the cause', false)
    .addOption(durationOption('--window', 'Minimum time between two recoveries for the same cause', '1h'))
    .addOption(durationOption('--wait', 'How long --apply watches the next driver', '10m'))
    .addOption(durationOption('--timeout', 'Time limit for collecting all evidence', '60s'))
    .option('--audit-file <FILE>', 'Append a line of JSON before and after --apply changes the cluster')
    .addOption(outputOption(forms))
  return withConnectionFlags(command, 'Namespace of the application')
    .addOption(noColorOption())
    .addHelpText('after', helpText)
    .action(async (name: string, { window: windowMs, wait: waitMs, timeout: timeoutMs, ...options }: GivenOptions) =>
      // What asks a cluster is only loaded when it is needed.
      end(await (await import('./run.ts')).runRecover({ ...options, name, windowMs, waitMs, timeoutMs }, version, io)),
    )
}

function durationOption(flag: string, text: string, preset: string): Option {
  return new Option(`${flag} <DURATION>`, text).argParser(parseDuration).default(parseDuration(preset), preset)
}

function parseDuration(text: string): number {
  const ms = parseDurationMs(text)
  if (ms === undefined || ms <= 0) {
    throw new InvalidArgumentError('It must be a duration with its unit, such as 30s or 10m.')
  }
  return ms
}

const helpText = `
A plan contains one of these remedies:
  - raise spark.driver.memory or spark.driver.memoryOverhead, within the largest node, LimitRanges and quotas
  - rerun the application unchanged, if the cause has passed or with --cause-fixed
  - delete a terminated pod whose name the next driver needs

The command refuses to act on completed, paused, quarantined or externally managed applications (Argo CD, Flux, Helm).
It also refuses if the driver is running, or if the same cause was treated recently.
For plain spark-submit, it prints the next command line. The outcome is recorded in the SparkApplication's annotation
spark-nanny.io/recoveries and in an Event. Running the command again is safe: it resumes an interrupted recovery.

Exit codes:
  0  there is a plan, or the driver has recovered
  1  the command failed
  2  usage error
  5  the driver runs, but the command could not verify that it responds
  6  the recovery was refused, or the driver has not recovered

Examples:
  spark-nanny recover -n jobs nightly
  spark-nanny recover -n jobs nightly --apply
  spark-nanny recover -n jobs nightly --cause-fixed --apply --audit-file recoveries.jsonl`
