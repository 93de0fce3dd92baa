import pLimit from 'p-limit'
import { exponentialDelayMs, withJitter } from '../../core/backoff.ts'
import { nextApplicationIdSuffixAnnotation } from '../../core/contract/pod-contract.ts'
import { describeResponse, isFromApiServer, type KubernetesApi } from '../../kubernetes/api.ts'
import { podPath } from '../../kubernetes/paths.ts'
import type { ReflectorDeps } from '../../kubernetes/reflector.ts'
import type { Driver } from './driver/driver.ts'
import type { DriverWatch } from './driver/driver-watch.ts'

/**
 * What the annotation must say: the driver that runs now is number restarts + 1, so the next one's id ends in
 * restarts + 2. Undefined: nothing to write.
 */
export function nextApplicationIdSuffix({ numbered, driver, annotations }: Driver): string | undefined {
  const wanted = numbered && driver.state.kind === 'running' ? `-${driver.restarts + 2}` : undefined
  return wanted === annotations[nextApplicationIdSuffixAnnotation] ? undefined : wanted
}

export interface ApplicationIdAnnotatorDeps extends ReflectorDeps {
  /** Asked right before each request: whoever leads no longer might write what was. */
  mayAct(): boolean
}

/**
 * Writes {@link nextApplicationIdSuffix} into each driver as it starts, until `signal`. A driver that runs on costs no API call.
 * For one process of an installation: each would write the same. Resolves when nothing is under way any more.
 */
export async function runApplicationIdAnnotator(
  { reflector, listen }: DriverWatch,
  edges: ApplicationIdAnnotatorDeps,
  signal: AbortSignal,
): Promise<void> {
  const busy = new Map<string, Promise<void>>()
  const limit = pLimit(maxAtOnce)
  /** Until the pod that is known says what it should: what it is by then counts, not what it was. */
  const write = async ({ namespace, name, uid }: Driver): Promise<void> => {
    let written: string | undefined
    const once = async (): Promise<'done' | 'again' | 'failed'> => {
      const driver = reflector.objects.get(namespace, name)
      const suffix = driver?.uid === uid ? nextApplicationIdSuffix(driver) : undefined
      // What came while it was written was not looked at; the watch may have yet to show what was written.
      if (suffix === undefined || suffix === written || signal.aborted) return 'done'
      // A lease may be renewed late, and is held again then.
      const outcome = edges.mayAct() ? await annotate(edges.api, namespace, name, uid, suffix) : 'it leads no longer'
      const line = { event: 'application-id-annotated', namespace, name, suffix }
      if (outcome === undefined) {
        edges.log.info(line)
        written = suffix
        return 'again'
      }
      edges.log.warn({ ...line, event: 'application-id-annotation-failed', detail: outcome })
      return 'failed'
    }
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const outcome = await limit(once)
      if (outcome === 'done') return
      if (outcome === 'failed') {
        await edges.sleep(
          withJitter(exponentialDelayMs(attempt, { baseMs: 500, capMs: 30_000 }), edges.random()),
          signal,
        )
      }
    }
  }
  const changed = (driver: Driver) => {
    const { uid } = driver
    if (nextApplicationIdSuffix(driver) === undefined || busy.has(uid)) return
    busy.set(
      uid,
      write(driver).finally(() => busy.delete(uid)),
    )
  }
  listen({ changed, gone: () => {} }, signal)
  for (const driver of reflector.objects.all()) changed(driver)
  await aborted(signal)
  await Promise.all(busy.values())
}

/** The API server, and the connections that this process has to it, have others to serve. */
const maxAtOnce = 10

/** About five minutes; the next event of the pod tries again. */
const maxAttempts = 15

/** Undefined when it was done; the uid keeps it from a pod of the same name that came after. */
async function annotate(api: KubernetesApi, namespace: string, name: string, uid: string, suffix: string) {
  const answer = await api.request({
    method: 'PATCH',
    path: `${podPath({ namespace, name })}?fieldManager=spark-nanny`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, annotations: { [nextApplicationIdSuffixAnnotation]: suffix } } },
    // As that of all effects: shorter than what is left of a lease when its holder steps down.
    deadlineMs: 4_000,
  })
  // Gone, or another pod by now: nothing left to do.
  const gone = answer.kind === 'response' && (answer.status === 404 || answer.status === 409)
  const written = answer.kind === 'response' && answer.status === 200 && isFromApiServer(answer)
  return written || gone ? undefined : describeResponse(answer)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
