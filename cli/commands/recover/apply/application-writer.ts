import { formatApplicationPath } from '../../../../cluster/application-path.ts'
import { describeResponse, type KubernetesApi } from '../../../../kubernetes/api.ts'
import type { ApplicationFacts } from '../facts/cluster-facts.ts'
import { parseLiveApplication } from '../facts/live-objects.ts'
import { hasCompleted, parseApplicationState } from '../plan/operator-reaction.ts'

/** What became of a change. `changed`: the application is not any more what was decided on, and was left alone. */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly application: ApplicationFacts }
  | { readonly kind: 'changed'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }

export interface ApplicationChange {
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
}

const deadlineMs = 15_000
/** Its operator writes the status while we write. */
const maxTries = 4

/**
 * Changes an application as long as it is the one that is known: a merge patch with uid and resourceVersion. When the
 * version is another it is read again, and tried again if `isSame` says that nothing has changed that matters.
 */
export async function writeApplication(
  api: KubernetesApi,
  known: ApplicationFacts,
  change: (current: ApplicationFacts) => ApplicationChange,
  isSame: (known: ApplicationFacts, current: ApplicationFacts) => boolean,
): Promise<WriteOutcome> {
  const path = formatApplicationPath({ ...known, uid: known.uid })
  let current = known
  for (let tries = 1; ; tries++) {
    const { annotations, spec } = change(current)
    const { uid, resourceVersion } = current
    const answer = await api.request({
      method: 'PATCH',
      path: `${path}?fieldManager=spark-nanny`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { uid, resourceVersion, ...(annotations && { annotations }) }, ...(spec && { spec }) },
      deadlineMs,
    })
    if (answer.kind === 'response' && answer.status === 200) {
      const application = parseLiveApplication(answer.body)
      return application === undefined
        ? { kind: 'failed', detail: 'the answer is no SparkApplication' }
        : { kind: 'written', application }
    }
    if (answer.kind === 'response' && answer.status === 404) return { kind: 'changed', detail: 'it is gone' }
    if (answer.kind !== 'response' || answer.status !== 409) return { kind: 'failed', detail: describeResponse(answer) }
    const found = await api.request({ method: 'GET', path, deadlineMs })
    const now = found.kind === 'response' && found.status === 200 ? parseLiveApplication(found.body) : undefined
    if (now === undefined || tries === maxTries) return { kind: 'changed', detail: describeResponse(answer) }
    if (!isSame(known, now)) return { kind: 'changed', detail: difference(known, now) }
    current = now
  }
}

/** Whether a decision about one still holds for the other: the same spec, and no new turn of its run. */
export function isSameDecision(known: ApplicationFacts, current: ApplicationFacts): boolean {
  const [before, now] = [parseApplicationState(known), parseApplicationState(current)]
  const settled = now === 'FAILED' && (before === 'SUBMISSION_FAILED' || before === 'FAILING')
  return (
    known.uid === current.uid &&
    known.generation === current.generation &&
    !current.deleting &&
    !hasCompleted(current) &&
    (before === now || settled)
  )
}

/** For a record, which any turn of the run may come in between. */
export const isSameObject = (known: ApplicationFacts, current: ApplicationFacts): boolean => known.uid === current.uid

function difference(known: ApplicationFacts, now: ApplicationFacts): string {
  if (known.uid !== now.uid) return 'it is another one of the same name'
  if (known.generation !== now.generation) return 'its spec was changed'
  if (now.deleting) return 'it is being deleted'
  return `its state was ${parseApplicationState(known)} and is ${parseApplicationState(now)}`
}
