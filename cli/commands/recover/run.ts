import { createClusterReader } from '../../cluster/cluster-reader.ts'
import type { Connection } from '../../cluster/connect.ts'
import { collectLive } from '../../diagnosis/collect.ts'
import { diagnose } from '../../diagnosis/diagnose.ts'
import { findByApplication, findByPod } from '../../diagnosis/find-driver.ts'
import { type Evidence, valueIn } from '../../evidence/evidence.ts'
import type { CliIo } from '../../io/cli-io.ts'
import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import { createProgress } from '../../terminal/progress.ts'
import { createStyle } from '../../terminal/style.ts'
import { type ApplyDeps, apply, resume } from './apply/apply.ts'
import { createAuditTrail } from './apply/audit-trail.ts'
import { type RecoverReport, type RecoverResult, recoverExitCode } from './apply/result.ts'
import type { ClusterFacts } from './facts/cluster-facts.ts'
import { collectClusterFacts } from './facts/collect-facts.ts'
import { findUserName } from './facts/current-user.ts'
import type { RecoverOptions } from './options.ts'
import { planRecovery } from './plan/decide.ts'
import { renderPlan, renderRecoverJson, renderResult } from './report/render.ts'

/** Runs `spark-nanny recover`: diagnoses, plans and prints. With --apply, applies the plan and watches the driver. */
export async function runRecover(options: RecoverOptions, version: string, io: CliIo): Promise<ExitCode> {
  const connection = await io.connect(options)
  const progress = createProgress(io)
  const style = createStyle(io, options.color)
  const isText = options.output === 'text'
  try {
    const planned = await makePlan(options, version, connection, io, progress.show)
    progress.clear()
    if (planned === undefined) {
      io.stderr(`error: there is neither a SparkApplication nor a driver ${connection.namespace}/${options.name}`)
      return exitCodes.failed
    }
    if (isText) io.stdout(renderPlan(planned.report, options.name, options.apply, style))
    const result = options.apply ? await act(planned, options, connection, io, progress.show) : null
    progress.clear()
    const report = { ...planned.report, result }
    if (!isText) io.stdout(renderRecoverJson(report))
    else if (result !== null) io.stdout(renderResult(result, style))
    return recoverExitCode(report)
  } finally {
    progress.clear()
    connection.close()
  }
}

interface PlannedRecovery {
  readonly report: Omit<RecoverReport, 'result'>
  readonly evidence: Evidence
  readonly facts: ClusterFacts
}

/** Undefined if no application or driver has the name. */
async function makePlan(
  options: RecoverOptions,
  version: string,
  connection: Connection,
  io: CliIo,
  showProgress: (text: string) => void,
): Promise<PlannedRecovery | undefined> {
  const { api, namespace } = connection
  showProgress('looking for the application …')
  const reader = createClusterReader(api, io.nowMs() + options.timeoutMs, io.nowMs)
  const byApplication = await findByApplication(reader, namespace, options.name)
  const isPlain = byApplication.application.kind === 'absent' && byApplication.pod.kind === 'absent'
  const driver = isPlain ? await findByPod(reader, namespace, options.name) : byApplication
  if (driver.application.kind === 'absent' && driver.pod.kind === 'absent') return undefined
  const facts = await collectClusterFacts(api, namespace, driver)
  const target = isPlain
    ? ({ kind: 'pod', pod: options.name } as const)
    : ({ kind: 'application', application: options.name } as const)
  const evidence = await collectLive(target, options, version, connection, io, showProgress)
  const diagnosis = diagnose(evidence)
  const plan = planRecovery(evidence, diagnosis, facts, options, io.nowMs())
  const report = { subject: evidence.subject, version, state: diagnosis.state, plan }
  return { report, evidence, facts }
}

/** Null if the plan is a refusal. */
async function act(
  { report: { plan }, evidence, facts }: PlannedRecovery,
  options: RecoverOptions,
  { api }: Connection,
  io: CliIo,
  showProgress: (text: string) => void,
): Promise<RecoverResult | null> {
  const { application, pod } = facts
  if (plan.kind === 'refuse') return null
  if (plan.kind === 'print-only' || application === null) return { kind: 'not-applicable' }
  const deps: ApplyDeps = {
    api,
    audit: createAuditTrail({ api, io, file: options.auditFile ?? null }),
    io,
    waitMs: options.waitMs,
    by: await findUserName(api),
    failedMs: readFailureMs(evidence),
    showProgress,
  }
  return plan.kind === 'resume' ? resume(deps, plan, application) : apply(deps, plan, application, pod)
}

/** When the driver's container ended. Null if that is unknown. */
function readFailureMs(evidence: Evidence): number | null {
  const state = valueIn(evidence.pod)?.driver.state
  return state?.kind === 'terminated' ? state.finishedMs : null
}
