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
import { collectFacts } from './facts/collect-facts.ts'
import { findUserName } from './facts/current-user.ts'
import type { RecoverOptions } from './options.ts'
import { planRecovery } from './plan/decide.ts'
import { renderPlan, renderRecoverJson, renderResult } from './report/render.ts'

/** `spark-nanny recover`: diagnoses, plans, prints; with --apply it does the plan and watches. */
export async function runRecover(options: RecoverOptions, version: string, io: CliIo): Promise<ExitCode> {
  const connection = await io.connect(options)
  const progress = createProgress(io)
  const style = createStyle(io, options.color)
  const isText = options.output === 'text'
  try {
    const made = await makePlan(options, version, connection, io, progress.show)
    progress.clear()
    if (made === undefined) {
      io.stderr(`error: there is neither a SparkApplication nor a driver ${connection.namespace}/${options.name}\n`)
      return exitCodes.failed
    }
    if (isText) io.stdout(renderPlan(made.report, options.name, options.apply, style))
    const result = options.apply ? await act(made, options, connection, io, progress.show) : null
    progress.clear()
    const report = { ...made.report, result }
    if (!isText) io.stdout(renderRecoverJson(report))
    else if (result !== null) io.stdout(renderResult(result, style))
    return recoverExitCode(report)
  } finally {
    progress.clear()
    connection.close()
  }
}

interface Made {
  readonly report: Omit<RecoverReport, 'result'>
  readonly evidence: Evidence
  readonly facts: ClusterFacts
}

/** Undefined: there is nothing of that name. */
async function makePlan(
  options: RecoverOptions,
  version: string,
  connection: Connection,
  io: CliIo,
  tell: (text: string) => void,
): Promise<Made | undefined> {
  const { api, namespace } = connection
  tell('looking for the application …')
  const asking = createClusterReader(api, io.nowMs() + options.timeoutMs, io.nowMs)
  const byApplication = await findByApplication(asking, namespace, options.name)
  const isPlain = byApplication.application.kind === 'absent' && byApplication.pod.kind === 'absent'
  const driver = isPlain ? await findByPod(asking, namespace, options.name) : byApplication
  if (driver.application.kind === 'absent' && driver.pod.kind === 'absent') return undefined
  const facts = await collectFacts(api, namespace, driver)
  const target = isPlain
    ? ({ kind: 'pod', pod: options.name } as const)
    : ({ kind: 'application', application: options.name } as const)
  const evidence = await collectLive(target, options, version, connection, io, tell)
  const diagnosis = diagnose(evidence)
  const made = planRecovery(evidence, diagnosis, facts, options, io.nowMs())
  const report = { subject: evidence.subject, version, state: diagnosis.state, plan: made }
  return { report, evidence, facts }
}

/** Null: it was refused. */
async function act(
  { report: { plan: made }, evidence, facts }: Made,
  options: RecoverOptions,
  { api }: Connection,
  io: CliIo,
  tell: (text: string) => void,
): Promise<RecoverResult | null> {
  const { application, pod } = facts
  if (made.kind === 'refuse') return null
  if (made.kind === 'print-only' || application === null) return { kind: 'not-applicable' }
  const conduct: ApplyDeps = {
    api,
    audit: createAuditTrail({ api, io, file: options.auditFile ?? null }),
    io,
    waitMs: options.waitMs,
    by: await findUserName(api),
    failedMs: failedMs(evidence),
    tell,
  }
  return made.kind === 'resume' ? resume(conduct, made, application) : apply(conduct, made, application, pod)
}

/** When the driver's container ended. */
function failedMs(evidence: Evidence): number | null {
  const state = valueIn(evidence.pod)?.driver.state
  return state?.kind === 'terminated' ? state.finishedMs : null
}
