import { toRecord } from '../../../core/json.ts'
import type { Connection } from '../../cluster/connect.ts'
import { toValidationSubject } from '../../config-checks/subject-of-input.ts'
import { isServed, validate } from '../../config-checks/validate.ts'
import type { Unknown } from '../../evidence/evidence.ts'
import type { Finding } from '../../findings/findings.ts'
import type { CliIo } from '../../io/cli-io.ts'
import type { ExitCode } from '../../io/exit-codes.ts'
import { UsageError } from '../../options/usage-error.ts'
import { type ConfInput, type Input, type InputFile, readInputs } from '../../static-checks/input.ts'
import { labelFindings } from '../../static-checks/labels.ts'
import { toRemedyContext } from '../../static-checks/remedy-context.ts'
import { renderStaticChecks, staticCheckExitCode } from '../../static-checks/report.ts'
import { sortFindings } from '../../static-checks/run.ts'
import { createProgress } from '../../terminal/progress.ts'
import { createStyle } from '../../terminal/style.ts'
import { computeWorkload } from '../../workload/workload.ts'
import { staticRules } from '../rule-catalogue.ts'
import { checkRest } from '../validate/run.ts'
import type { PreflightOptions } from './options.ts'
import { findUnknowns, preflight } from './preflight.ts'

/** Runs `spark-nanny preflight`: reads the file and the cluster, checks and prints. Throws a UsageError if the file is unusable. */
export async function runPreflight(options: PreflightOptions, version: string, io: CliIo): Promise<ExitCode> {
  const { filename, offline, output, strict, color } = options
  const file = await readInputs(filename, options.sparkVersion, io)
  const connection = offline ? null : await connectForChecks(options, io)
  const progress = createProgress(io)
  const findings: Finding[] = [...checkRest(file)]
  const unknown: Unknown[] = [...file.unknown]
  try {
    if (connection !== null) progress.show(`querying ${connection.server} …`)
    for (const input of file.inputs) {
      const checked = await check(input, options.namespace, connection)
      findings.push(...labelFindings(file, input, checked.findings))
      unknown.push(...checked.unknown.filter((one) => !unknown.some(({ what }) => what === one.what)))
    }
  } finally {
    progress.clear()
    connection?.close()
  }
  const subject = { command: 'preflight', name: describeFile(file), offline } as const
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
  const schema = connection === null ? null : await readClusterSchema(input, connection)
  const validation = toValidationSubject(input, { schema })
  const isRun = isServed(validation) && !(input.kind === 'conf' && isOutsideKubernetes(input))
  const workload = isRun ? (computeWorkload(input, namespace, connection?.namespace ?? 'default') ?? null) : null
  const context = toRemedyContext(input, workload?.namespace ?? namespace)
  if (!isRun) return { findings: validate(validation, context), unknown: [] }
  // Load the code for clusters only if it is needed.
  const cluster =
    connection === null || workload === null
      ? null
      : await (await import('./collect.ts')).collectCluster(connection.api, input, workload)
  // The API server knows its own CRD. What it accepts fits, even if no known release has the field.
  const isAccepted = cluster?.application?.kind === 'response' && cluster.application.status === 201
  const judged = isAccepted ? toValidationSubject(input, { isStored: true }) : validation
  const subject = { input, workload, cluster, schema: judged.schema?.check ?? null }
  return { findings: [...preflight(subject, context), ...validate(judged, context)], unknown: findUnknowns(subject) }
}

/** Without a driver pod, only the settings can be checked. */
const isOutsideKubernetes = ({ mode }: ConfInput) => mode === 'client' || mode === 'elsewhere'

/** The schema of the cluster's own CRD. Null if it cannot be read; those of the releases are then used. */
async function readClusterSchema(input: Input, { api }: Connection) {
  if (input.kind === 'conf') return null
  return (await import('./cluster-schema.ts')).readClusterSchema(api, input)
}

function describeFile({ inputs, name: filename }: InputFile): string {
  const [only, another] = inputs
  const name = only?.kind === 'application' && another === undefined ? toRecord(only.object.metadata).name : undefined
  return typeof name === 'string' ? `${name} of ${filename}` : filename
}
