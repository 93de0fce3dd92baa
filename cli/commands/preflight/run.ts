import { toRecord } from '../../../core/json.ts'
import type { Connection } from '../../cluster/connect.ts'
import { toValidationSubject } from '../../config-checks/subject-of-input.ts'
import { validate } from '../../config-checks/validate.ts'
import type { Unknown } from '../../evidence/evidence.ts'
import type { Finding } from '../../findings/findings.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { UsageError } from '../../options/usage-error.ts'
import { type Input, parseFileName, readInputs } from '../../static-checks/input.ts'
import { toRemedyContext } from '../../static-checks/remedy-context.ts'
import { renderStaticChecks, staticCheckExitCode } from '../../static-checks/report.ts'
import { sortFindings } from '../../static-checks/run.ts'
import { createProgress } from '../../terminal/progress.ts'
import { createStyle } from '../../terminal/style.ts'
import { computeWorkload } from '../../workload/workload.ts'
import { staticRules } from '../rule-catalogue.ts'
import type { PreflightOptions } from './options.ts'
import { findUnknowns, preflight } from './preflight.ts'

/** Runs `spark-nanny preflight`: reads the file and the cluster, checks and prints. Throws a UsageError if the file is unusable. */
export async function runPreflight(options: PreflightOptions, version: string, io: CliIo): Promise<ExitCode> {
  const { filename, offline, output, strict, color } = options
  const inputs = await readInputs(filename, options.sparkVersion, io)
  const connection = offline ? null : await connectForChecks(options, io)
  const progress = createProgress(io)
  const findings: Finding[] = []
  const unknown: Unknown[] = []
  try {
    if (connection !== null) progress.show(`querying ${connection.server} …`)
    for (const input of inputs) {
      const checked = await check(input, options.namespace, connection)
      findings.push(...checked.findings)
      unknown.push(...checked.unknown.filter((one) => !unknown.some(({ what }) => what === one.what)))
    }
  } finally {
    progress.clear()
    connection?.close()
  }
  const subject = { command: 'preflight', name: describeInputs(inputs, parseFileName(filename)), offline } as const
  const report = { checked: subject, version, findings: sortFindings(findings), rules: staticRules, unknown }
  io.stdout(renderStaticChecks(report, output, createStyle(io, color)))
  return staticCheckExitCode(report, strict, offline)
}

/** Connects to the cluster. If that is not possible, the error names the way to check without a cluster. */
async function connectForChecks(options: PreflightOptions, io: CliIo): Promise<Connection> {
  try {
    return await io.connect(options)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(`${error.message}; to check without a cluster, use --offline`)
  }
}

async function check(input: Input, namespace: string | undefined, connection: Connection | null) {
  const workload = computeWorkload(input, namespace, connection?.namespace ?? 'default') ?? null
  // Load the code for clusters only if it is needed.
  const cluster =
    connection === null || workload === null
      ? null
      : await (await import('./collect.ts')).collectCluster(connection.api, input, workload)
  const subject = { input, workload, cluster }
  const context = toRemedyContext(input, workload?.namespace ?? namespace)
  const findings = [...preflight(subject, context), ...validate(toValidationSubject(input), context)]
  return { findings, unknown: findUnknowns(subject) }
}

function describeInputs(inputs: readonly Input[], filename: string): string {
  const [only, another] = inputs
  const name = only?.kind === 'application' && another === undefined ? toRecord(only.object.metadata).name : undefined
  return typeof name === 'string' ? `${name} of ${filename}` : filename
}
