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
    .description('Plan how to get a crashed driver going again; with --apply, do it and watch.')
    .usage('NAME [options]')
    .argument('<NAME>', 'the SparkApplication; of plain spark-submit the application’s name or the driver’s pod')
    .option('--apply', 'do what the plan says; without it nothing is changed', false)
    .option('--cause-fixed', 'Rerun unchanged, because you have fixed the cause', false)
    .addOption(durationOption('--window', 'no second try for the same cause within it', '1h'))
    .addOption(durationOption('--wait', 'how long --apply watches the next driver', '10m'))
    .addOption(durationOption('--timeout', 'for all questions before the plan together', '60s'))
    .option('--audit-file <FILE>', 'add a line of JSON before and after what --apply does')
    .addOption(outputOption(forms))
  return withConnectionFlags(command, 'namespace of the application')
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
What it may do: raise spark.driver.memory or spark.driver.memoryOverhead (never lower them, never beyond the largest node,
LimitRanges and quotas); run the application again unchanged, where the cause has passed or --cause-fixed says so; delete a
terminated pod whose name the next driver needs. It refuses applications that have completed, are managed from elsewhere
(Argo CD, Flux, Helm), paused or in quarantine, drivers that run, and a second try for the same cause. A driver of plain
spark-submit gets its next command line. What it did is kept in the annotation spark-nanny.io/recoveries of the
SparkApplication and in an Event. To call it again is safe: a call that was cut off is seen and watched on.

Exit codes: 0 there is a plan, or the driver is back; 1 failed; 2 wrong call; 5 the driver runs, and whether it answers
could not be asked; 6 refused, or the driver is not back.

Examples:
  spark-nanny recover -n jobs nightly
  spark-nanny recover -n jobs nightly --apply
  spark-nanny recover -n jobs nightly --cause-fixed --apply --audit-file recoveries.jsonl`
