import { formatApplicationPath } from '../../../../cluster/application-path.ts'
import { type ApiResponse, describeResponse, type KubernetesApi } from '../../../../kubernetes/api.ts'
import type { ApplicationFacts } from '../facts/cluster-facts.ts'
import { parseLiveApplication } from '../facts/live-objects.ts'
import { hasCompleted, readOperatorState } from '../plan/operator-reaction.ts'

/** Result of a change. `changed` means that the application differs from the planned one, and was not written. */
export type ApplicationWrite =
  | { readonly kind: 'written'; readonly application: ApplicationFacts }
  | { readonly kind: 'changed'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }

export interface ApplicationChange {
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
}

const deadlineMs = 15_000
/** The operator updates the status at the same time, which causes conflicts. */
const maxAttempts = 4

/**
 * Changes an application with a merge patch that is only valid for the known uid and resourceVersion. After a conflict
 * the application is read again, and the change is retried if `isSame` says that nothing relevant has changed.
 */
export async function writeApplication(
  api: KubernetesApi,
  known: ApplicationFacts,
  change: (current: ApplicationFacts) => ApplicationChange,
  isSame: (known: ApplicationFacts, current: ApplicationFacts) => boolean,
): Promise<ApplicationWrite> {
  let current = known
  for (let attempt = 1; ; attempt += 1) {
    const response = await patchApplication(api, current, change(current))
    const written = toApplicationWrite(response)
    if (written !== 'conflict') return written
    const now = await readApplication(api, known)
    if (now === undefined || attempt === maxAttempts) return { kind: 'changed', detail: describeResponse(response) }
    if (!isSame(known, now)) return { kind: 'changed', detail: describeDifference(known, now) }
    current = now
  }
}

function patchApplication(
  api: KubernetesApi,
  current: ApplicationFacts,
  { annotations, spec }: ApplicationChange,
): Promise<ApiResponse> {
  const { uid, resourceVersion } = current
  return api.request({
    method: 'PATCH',
    path: `${formatApplicationPath(current)}?fieldManager=spark-nanny`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, resourceVersion, ...(annotations && { annotations }) }, ...(spec && { spec }) },
    deadlineMs,
  })
}

function toApplicationWrite(response: ApiResponse): ApplicationWrite | 'conflict' {
  if (response.kind === 'failed') return { kind: 'failed', detail: describeResponse(response) }
  switch (response.status) {
    case 200: {
      const application = parseLiveApplication(response.body)
      return application === undefined
        ? { kind: 'failed', detail: 'the response is not a SparkApplication' }
        : { kind: 'written', application }
    }
    case 404:
      return { kind: 'changed', detail: 'the application no longer exists' }
    case 409:
      return 'conflict'
    default:
      return { kind: 'failed', detail: describeResponse(response) }
  }
}

async function readApplication(api: KubernetesApi, known: ApplicationFacts): Promise<ApplicationFacts | undefined> {
  const response = await api.request({ method: 'GET', path: formatApplicationPath(known), deadlineMs })
  return response.kind === 'response' && response.status === 200 ? parseLiveApplication(response.body) : undefined
}

/** Whether a decision about `known` still holds for `current`: the spec is the same and the run has not progressed. */
export function isSameDecision(known: ApplicationFacts, current: ApplicationFacts): boolean {
  const [before, now] = [readOperatorState(known), readOperatorState(current)]
  const settled = now === 'FAILED' && (before === 'SUBMISSION_FAILED' || before === 'FAILING')
  return (
    known.uid === current.uid &&
    known.generation === current.generation &&
    !current.deleting &&
    !hasCompleted(current) &&
    (before === now || settled)
  )
}

/** For a record of a recovery, which may be written in any state of the run. */
export const isSameObject = (known: ApplicationFacts, current: ApplicationFacts): boolean => known.uid === current.uid

function describeDifference(known: ApplicationFacts, now: ApplicationFacts): string {
  if (known.uid !== now.uid) return 'another application has the same name'
  if (known.generation !== now.generation) return 'its spec was changed'
  if (now.deleting) return 'it is being deleted'
  return `its state was ${readOperatorState(known)} and is ${readOperatorState(now)}`
}
