import { recoveriesAnnotation } from '../../../../core/contract/pod-contract.ts'
import { sparkApplicationApis } from '../../../../core/spark/application.ts'
import { describeResponse, type KubernetesApi } from '../../../../kubernetes/api.ts'
import { buildEvent } from '../../../../kubernetes/event.ts'
import type { CliIo } from '../../../io/cli-io.ts'
import { UsageError } from '../../../options/usage-error.ts'
import type { ApplicationFacts } from '../facts/cluster-facts.ts'
import { formatRecoveries, parseRecoveries, type Recovery, withRecovery } from '../facts/recoveries.ts'
import { type ApplicationWrite, isSameDecision, isSameObject, writeApplication } from './application-writer.ts'

/** Records a recovery in an annotation of the application, in an Event, and in a file. */
export interface AuditTrail {
  /** Must return `written` before the recovery changes anything. Throws a UsageError if the file cannot be written. */
  begin(application: ApplicationFacts, recovery: Recovery): Promise<ApplicationWrite>
  /** Records the outcome. Prints a warning to standard error for each record that could not be written. */
  end(application: ApplicationFacts, recovery: Recovery, detail: string): Promise<void>
}

export interface AuditDeps {
  readonly api: KubernetesApi
  readonly io: Pick<CliIo, 'appendFile' | 'stderr' | 'nowMs'>
  /** Path of the audit file. Null if the user did not specify one. */
  readonly file: string | null
}

export function createAuditTrail({ api, io, file }: AuditDeps): AuditTrail {
  const annotate = (
    application: ApplicationFacts,
    recovery: Recovery,
    isSame: typeof isSameDecision,
  ): Promise<ApplicationWrite> =>
    writeApplication(
      api,
      application,
      ({ annotations }) => {
        const recoveries = withRecovery(parseRecoveries(annotations[recoveriesAnnotation]), recovery)
        return { annotations: { [recoveriesAnnotation]: formatRecoveries(recoveries) } }
      },
      isSame,
    )
  return {
    begin: async (application, recovery) => {
      await append(io, file, application, recovery, null)
      const written = await annotate(application, recovery, isSameDecision)
      if (written.kind !== 'written') return written
      await publishEvent(
        api,
        application,
        recovery,
        `${recovery.by} begins: ${recovery.remedy}, for ${recovery.cause}`,
        io,
      )
      return written
    },
    end: async (application, recovery, detail) => {
      const written = await annotate(application, recovery, isSameObject)
      if (written.kind !== 'written') io.stderr(`warning: failed to record the outcome: ${written.detail}`)
      const message = `${recovery.remedy}, for ${recovery.cause}: ${recovery.outcome}. ${detail}`
      await publishEvent(api, application, recovery, message, io)
      await append(io, file, application, recovery, detail).catch((error: unknown) => {
        io.stderr(`warning: ${error instanceof Error ? error.message : String(error)}`)
      })
    },
  }
}

/** Appends one line of JSON to the audit file. */
async function append(
  io: AuditDeps['io'],
  file: string | null,
  { namespace, name, uid }: ApplicationFacts,
  { atMs, endedMs, ...recovery }: Recovery,
  detail: string | null,
): Promise<void> {
  if (file === null) return
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  const line = { ...recovery, at: iso(atMs), ended: iso(endedMs), namespace, application: name, uid, detail }
  await io.appendFile(file, `${JSON.stringify(line)}\n`).catch((error: unknown) => {
    throw new UsageError(
      `--audit-file ${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  })
}

async function publishEvent(
  api: KubernetesApi,
  { namespace, name, uid, operator }: ApplicationFacts,
  { id, outcome }: Recovery,
  message: string,
  io: AuditDeps['io'],
): Promise<void> {
  const { group, version } = sparkApplicationApis.find((row) => row.operator === operator) ?? sparkApplicationApis[0]
  const subject = { apiVersion: `${group}/${version}`, kind: 'SparkApplication', namespace, name, uid }
  const failed = outcome === 'failed' || outcome === 'not-recovered'
  const type = failed ? 'Warning' : 'Normal'
  const content = { type, reason: 'SparkNannyRecovery', message, dedupKey: `${id} ${outcome}` } as const
  const response = await api.request({
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    body: {
      ...buildEvent(subject, content, 'spark-nanny', io.nowMs()),
      reportingComponent: 'spark-nanny.io/recover',
    },
    deadlineMs: 10_000,
  })
  if (response.kind === 'response' && (response.status === 201 || response.status === 409)) return
  io.stderr(`warning: failed to create the Event: ${describeResponse(response)}`)
}
