import { Command, InvalidArgumentError, Option } from 'commander'
import { parseDurationMs } from '../../../core/duration.ts'
import type { Target } from '../../diagnosis/target.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { noColorOption, outputOption, withConnectionFlags } from '../../options/flags.ts'
import { UsageError } from '../../options/usage-error.ts'
import { outputForms } from '../../render/report.ts'
import type { DiagnoseOptions } from './options.ts'
import { runDiagnose } from './run.ts'

/** Defines `spark-nanny diagnose`. `end` receives the exit code of the run, but is not called after a usage error. */
export function diagnoseCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  const command = new Command('diagnose')
    .description('Show why a driver crashed, hangs or does not start, and how to fix it.')
    .usage('POD | --application NAME | --bundle DIR [options]')
    .argument('[POD]', 'Name of the driver pod')
    .option('--application <NAME>', 'Name of the SparkApplication; also works if its pod has been deleted')
    .option(
      '--bundle <DIR>',
      'Diagnose from a directory written by --save or assembled by hand, without access to a cluster',
    )
    .option('--save <DIR>', 'Save the collected evidence to a new or empty directory, with secrets redacted')
    .addOption(
      new Option('--timeout <DURATION>', 'Time limit for all requests to the cluster')
        .argParser(parseTimeout)
        .default(60_000, '60s'),
    )
    .option('--strict', 'Exit with code 4 if there are warnings', false)
    .addOption(outputOption(outputForms))
  return withConnectionFlags(command, 'Namespace of the driver')
    .addOption(noColorOption())
    .addHelpText('after', helpText)
    .action(async (pod: string | undefined, options: ParsedOptions) =>
      end(await runDiagnose(checkOptions(pod, options), version, io)),
    )
}

type ParsedOptions = Omit<DiagnoseOptions, 'target' | 'timeoutMs'> & {
  readonly application?: string
  readonly bundle?: string
  readonly timeout: number
}

function checkOptions(
  pod: string | undefined,
  { application, bundle, timeout, ...rest }: ParsedOptions,
): DiagnoseOptions {
  const targets: readonly Target[] = [
    ...(pod === undefined ? [] : [{ kind: 'pod', pod: pod.replace(/^(pods?|po)\//, '') } as const]),
    ...(application === undefined ? [] : [{ kind: 'application', application } as const]),
    ...(bundle === undefined ? [] : [{ kind: 'bundle', dir: bundle } as const]),
  ]
  const [target, another] = targets
  if (target === undefined) throw new UsageError('specify POD, --application NAME or --bundle DIR')
  if (another !== undefined) throw new UsageError('POD, --application and --bundle cannot be combined')
  if (target.kind === 'bundle' && rest.save !== undefined)
    throw new UsageError('--save cannot be combined with --bundle')
  return { ...rest, target, timeoutMs: timeout }
}

const helpText = `
The first finding is the root cause; the findings that it explains are listed below it. A healthy driver has no findings.
The command changes nothing in the cluster.

A bundle contains pod.json, events.json and driver.log. It also contains these files, if available: previous.log,
node.json, application.json, quota.json, status.json (the sidecar's /status), blackbox.json, service.json, threads.json,
executors.json and spark.properties.

Exit codes (the first that applies):
  2  usage error
  1  nothing could be read, or the driver does not exist
  3  a finding of severity error
  4  a warning (only with --strict)
  5  some evidence could not be read, or it does not show that the driver is healthy
  0  no problems found: the driver completed, or its log or its UI shows that it works

Examples:
  spark-nanny diagnose -n jobs nightly-driver
  spark-nanny diagnose -n jobs --application nightly --save /tmp/nightly
  spark-nanny diagnose --bundle /tmp/nightly -o markdown`

function parseTimeout(text: string): number {
  const timeoutMs = parseDurationMs(text)
  if (timeoutMs === undefined || timeoutMs <= 0)
    throw new InvalidArgumentError('Must be a duration with a unit, for example 30s.')
  return timeoutMs
}
