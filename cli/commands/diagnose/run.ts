import { command } from '../../../core/shell-command.ts'
import { diagnose, hasNoEvidence } from '../../diagnosis/diagnose.ts'
import { type Evidence, valueIn } from '../../evidence/evidence.ts'
import type { Diagnosis } from '../../findings/findings.ts'
import type { CliIo } from '../../io/cli-io.ts'
import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import { UsageError } from '../../options/usage-error.ts'
import { renderReport } from '../../render/render.ts'
import type { Report } from '../../render/report.ts'
import { catalogue } from '../../rules/catalogue.ts'
import { createProgress } from '../../terminal/progress.ts'
import { createStyle } from '../../terminal/style.ts'
import { readBundle } from './bundle.ts'
import type { DiagnoseOptions } from './options.ts'

/** Runs `spark-nanny diagnose`: collects the evidence, diagnoses and prints. Throws a UsageError for an invalid target. */
export async function runDiagnose(options: DiagnoseOptions, version: string, io: CliIo): Promise<ExitCode> {
  const progress = createProgress(io)
  const evidence = await gather(options, version, io, progress.show).finally(() => progress.clear())
  refuseExecutor(evidence)
  const diagnosis = diagnose(evidence)
  const log = valueIn(evidence.log) ?? valueIn(evidence.previousLog)
  const report: Report = { subject: evidence.subject, version, diagnosis, rules: catalogue, tail: log?.tail ?? [] }
  io.stdout(renderReport(report, options.output, createStyle(io, options.color)))
  if (hasNoEvidence(evidence) && diagnosis.findings.length === 0) {
    io.stderr(`error: ${describeMissingEvidence(evidence)}`)
    return exitCodes.failed
  }
  return diagnoseExitCode(diagnosis, options.strict)
}

async function gather(
  options: DiagnoseOptions,
  version: string,
  io: CliIo,
  tell: (text: string) => void,
): Promise<Evidence> {
  const { target } = options
  if (target.kind === 'bundle') return readBundle(target.dir, io)
  const connection = await io.connect(options)
  try {
    // Load the code for live clusters only if it is needed.
    const { collectLive } = await import('../../diagnosis/collect.ts')
    return await collectLive(target, options, version, connection, io, tell)
  } finally {
    connection.close()
  }
}

/** Throws a UsageError if the pod is an executor's: what the rules say about a driver would be wrong. */
function refuseExecutor({ pod }: Evidence): void {
  const found = valueIn(pod)
  if (found?.labels['spark-role'] !== 'executor') return
  const { labels, name, namespace } = found
  const selector = `spark-role=driver,spark-app-selector=${labels['spark-app-selector'] ?? 'ID'}`
  const find = command`kubectl -n ${namespace} get pods -l ${selector}`
  throw new UsageError(
    `pod ${namespace}/${name} is an executor; diagnose its driver instead, which this command finds: ${find}`,
  )
}

function describeMissingEvidence({ pod, application, subject }: Evidence): string {
  if (pod.kind !== 'absent' || application.kind !== 'absent') {
    return 'could not read the pod, its log or its SparkApplication'
  }
  return subject.pod === null
    ? `SparkApplication ${subject.namespace}/${subject.application} not found, and no driver pod has that application name`
    : `pod ${subject.namespace}/${subject.pod} not found, and no SparkApplication names it as its driver`
}

/**
 * Order of precedence: errors, warnings with --strict, evidence that could not be read or that does not show how the driver
 * is. Other warnings do not count.
 */
export function diagnoseExitCode({ findings, unknown, isProven }: Diagnosis, strict: boolean): ExitCode {
  if (findings.some(({ severity }) => severity === 'error')) return exitCodes.errors
  if (strict && findings.length > 0) return exitCodes.warnings
  const isOpen = findings.length === 0 && isProven === false
  return unknown.length > 0 || isOpen ? exitCodes.incomplete : exitCodes.ok
}
