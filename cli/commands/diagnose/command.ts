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

/** The definition of `spark-nanny diagnose`. `end` gets the exit code of a call that was right. */
export function diagnoseCommand(io: CliIo, version: string, end: (code: ExitCode) => void): Command {
  const command = new Command('diagnose')
    .description('Say why a driver crashed, hangs or does not start, and what to do about it.')
    .usage('POD | --application NAME | --bundle DIR [options]')
    .argument('[pod]', 'the driver’s pod')
    .option('--application <NAME>', 'the SparkApplication, also when its pod is gone')
    .option('--bundle <DIR>', 'what --save wrote, or was put together by hand; no cluster is asked')
    .option('--save <DIR>', 'write what was collected there, secrets taken out; a new or empty folder')
    .addOption(
      new Option('--timeout <DURATION>', 'for all questions to the cluster together')
        .argParser(parseTimeout)
        .default(60_000, '60s'),
    )
    .option('--strict', 'warnings end in exit code 4', false)
    .addOption(outputOption(outputForms))
  return withConnectionFlags(command, 'namespace of the driver')
    .addOption(noColorOption())
    .addHelpText('after', helpText)
    .action(async (pod: string | undefined, given: GivenOptions) =>
      end(await runDiagnose(checked(pod, given), version, io)),
    )
}

type GivenOptions = Omit<DiagnoseOptions, 'target' | 'timeoutMs'> & {
  readonly application?: string
  readonly bundle?: string
  readonly timeout: number
}

function checked(pod: string | undefined, { application, bundle, timeout, ...rest }: GivenOptions): DiagnoseOptions {
  const targets: readonly Target[] = [
    ...(pod === undefined ? [] : [{ kind: 'pod', pod: pod.replace(/^(pods?|po)\//, '') } as const]),
    ...(application === undefined ? [] : [{ kind: 'application', application } as const]),
    ...(bundle === undefined ? [] : [{ kind: 'bundle', dir: bundle } as const]),
  ]
  const [target, another] = targets
  if (target === undefined) throw new UsageError('which driver? Give POD, --application NAME or --bundle DIR')
  if (another !== undefined) throw new UsageError('give only one of POD, --application and --bundle')
  if (target.kind === 'bundle' && rest.save !== undefined)
    throw new UsageError('--save goes with a cluster, not with --bundle')
  return { ...rest, target, timeoutMs: timeout }
}

const helpText = `
The first finding is the root cause; what it explains stands under it. A driver that is well has none. Nothing is changed
in the cluster. What a bundle holds: pod.json, events.json, driver.log, and, where there is one, previous.log, node.json,
application.json, quota.json, status.json (the sidecar's /status), service.json, threads.json, executors.json,
spark.properties.

Exit codes, the first that holds: 2 wrong call; 1 nothing could be read, or there is no such driver; 3 a finding
of severity error; 4 a warning (--strict); 5 not everything could be read; 0 nothing is wrong.

Examples:
  spark-nanny diagnose -n jobs nightly-driver
  spark-nanny diagnose -n jobs --application nightly --save /tmp/nightly
  spark-nanny diagnose --bundle /tmp/nightly -o markdown`

function parseTimeout(text: string): number {
  const timeoutMs = parseDurationMs(text)
  if (timeoutMs === undefined || timeoutMs <= 0)
    throw new InvalidArgumentError('It must be a duration with its unit, such as 30s.')
  return timeoutMs
}
