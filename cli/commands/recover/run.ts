import { createAsking } from '../../cluster/cluster-reader.ts'
import type { Connection } from '../../cluster/connect.ts'
import { collectLive } from '../../diagnosis/collect.ts'
import { diagnose } from '../../diagnosis/diagnose.ts'
import { findByApplication, findByPod } from '../../diagnosis/find-driver.ts'
import { type Evidence, valueIn } from '../../evidence/evidence.ts'
import type { Edges } from '../../io/cli-io.ts'
import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import { createProgress } from '../../terminal/progress.ts'
import { styleOf } from '../../terminal/style.ts'
import { apply, type Conduct, resume } from './apply/apply.ts'
import { createAuditTrail } from './apply/audit-trail.ts'
import type { RecoverOptions } from './command.ts'
import type { ClusterFacts } from './facts/cluster-facts.ts'
import { collectFacts } from './facts/collect-facts.ts'
import { userName } from './facts/current-user.ts'
import { plan } from './plan/decide.ts'
import { renderJson, renderPlan, renderResult } from './report/render.ts'
import { exitCodeOf, type RecoverReport, type RecoverResult } from './report/result.ts'

/** `spark-nanny recover`: diagnoses, plans, prints; with --apply it does the plan and watches. */
export async function runRecover(options: RecoverOptions, version: string, edges: Edges): Promise<ExitCode> {
  const connection = await edges.connect(options)
  const progress = createProgress(edges)
  const style = styleOf(edges, options.color)
  const isText = options.output === 'text'
  try {
    const made = await makePlan(options, version, connection, edges, progress.tell)
    progress.clear()
    if (made === undefined) {
      edges.stderr(`error: there is neither a SparkApplication nor a driver ${connection.namespace}/${options.name}\n`)
      return exitCodes.failed
    }
    if (isText) edges.stdout(renderPlan(made.report, options.name, options.apply, style))
    const result = options.apply ? await act(made, options, connection, edges, progress.tell) : null
    progress.clear()
    const report = { ...made.report, result }
    if (!isText) edges.stdout(renderJson(report))
    else if (result !== null) edges.stdout(renderResult(result, style))
    return exitCodeOf(report)
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
  edges: Edges,
  tell: (text: string) => void,
): Promise<Made | undefined> {
  const { api, namespace } = connection
  tell('looking for the application …')
  const asking = createAsking(api, edges.nowMs() + options.timeoutMs, edges.nowMs)
  const byApplication = await findByApplication(asking, namespace, options.name)
  const isPlain = byApplication.application.kind === 'absent' && byApplication.pod.kind === 'absent'
  const driver = isPlain ? await findByPod(asking, namespace, options.name) : byApplication
  if (driver.application.kind === 'absent' && driver.pod.kind === 'absent') return undefined
  const facts = await collectFacts(api, namespace, driver)
  const target = isPlain
    ? ({ kind: 'pod', pod: options.name } as const)
    : ({ kind: 'application', application: options.name } as const)
  const evidence = await collectLive(target, options, version, connection, edges, tell)
  const diagnosis = diagnose(evidence)
  const made = plan(evidence, diagnosis, facts, options, edges.nowMs())
  const report = { subject: evidence.subject, version, state: diagnosis.state, plan: made }
  return { report, evidence, facts }
}

/** Null: it was refused. */
async function act(
  { report: { plan: made }, evidence, facts }: Made,
  options: RecoverOptions,
  { api }: Connection,
  edges: Edges,
  tell: (text: string) => void,
): Promise<RecoverResult | null> {
  const { application, pod } = facts
  if (made.kind === 'refuse') return null
  if (made.kind === 'print-only' || application === null) return { kind: 'not-applicable' }
  const conduct: Conduct = {
    api,
    audit: createAuditTrail({ api, edges, file: options.auditFile ?? null }),
    edges,
    waitMs: options.waitMs,
    by: await userName(api),
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
