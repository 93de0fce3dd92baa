import pLimit, { type LimitFunction } from 'p-limit'
import { whenAborted } from '../../core/abort.ts'
import { exponentialDelayMs, withJitter } from '../../core/backoff.ts'
import { nextApplicationIdSuffixAnnotation } from '../../core/contract/pod-contract.ts'
import { describeResponse, isFromApiServer, type KubernetesApi } from '../../kubernetes/api.ts'
import { podPath } from '../../kubernetes/paths.ts'
import type { ReflectorDeps } from '../../kubernetes/reflector.ts'
import type { Driver } from './driver/driver.ts'
import type { DriverWatch } from './driver/driver-watch.ts'

/**
 * The value that the annotation must have: the running driver is number restarts + 1, so the next driver's application id
 * ends in restarts + 2. Returns undefined if the annotation need not be written.
 */
export function nextApplicationIdSuffix({ numbered, driver, annotations }: Driver): string | undefined {
  const wanted = numbered && driver.state.kind === 'running' ? `-${driver.restarts + 2}` : undefined
  return wanted === annotations[nextApplicationIdSuffixAnnotation] ? undefined : wanted
}

export interface ApplicationIdAnnotatorDeps extends ReflectorDeps {
  /** Whether this process leads. Checked right before each request, because a former leader may have old data. */
  mayAct(): boolean
}

/**
 * Writes {@link nextApplicationIdSuffix} to each driver pod when the driver starts, until `signal` is aborted. A driver
 * that keeps running costs no request. Only the leader runs it. Resolves when no request is running.
 */
export async function runApplicationIdAnnotator(
  drivers: DriverWatch,
  deps: ApplicationIdAnnotatorDeps,
  signal: AbortSignal,
): Promise<void> {
  const running = new Map<string, Promise<void>>()
  const limit = pLimit(maxConcurrent)
  const changed = (driver: Driver) => {
    const { uid } = driver
    if (nextApplicationIdSuffix(driver) === undefined || running.has(uid)) return
    const ended = annotateUntilCurrent(driver, drivers, deps, limit, signal).finally(() => running.delete(uid))
    running.set(uid, ended)
  }
  drivers.listen({ changed, gone: () => {} }, signal)
  for (const driver of drivers.reflector.objects.all()) changed(driver)
  await whenAborted(signal)
  await Promise.all(running.values())
}

/** Writes the annotation until the pod, as it is then known, has the right value. */
async function annotateUntilCurrent(
  { namespace, name, uid }: Driver,
  { reflector }: DriverWatch,
  deps: ApplicationIdAnnotatorDeps,
  limit: LimitFunction,
  signal: AbortSignal,
): Promise<void> {
  let written: string | undefined
  const tryOnce = async (): Promise<'done' | 'again' | 'failed'> => {
    const driver = reflector.objects.get(namespace, name)
    const suffix = driver?.uid === uid ? nextApplicationIdSuffix(driver) : undefined
    // The watch may not show the written value yet.
    if (suffix === undefined || suffix === written || signal.aborted) return 'done'
    // A lease that was renewed late is held again, so this is retried.
    const problem = deps.mayAct()
      ? await annotate(deps.api, namespace, name, uid, suffix)
      : 'this process no longer leads'
    const line = { event: 'application-id-annotated', namespace, name, suffix }
    if (problem !== undefined) {
      deps.log.warn({ ...line, event: 'application-id-annotation-failed', detail: problem })
      return 'failed'
    }
    deps.log.info(line)
    written = suffix
    // The driver may have restarted during the request.
    return 'again'
  }
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const outcome = await limit(tryOnce)
    if (outcome === 'done') return
    if (outcome === 'failed') {
      const delayMs = exponentialDelayMs(attempt, { baseMs: 500, capMs: 30_000 })
      await deps.sleep(withJitter(delayMs, deps.random()), signal)
    }
  }
}

/** Limits the load on the API server and its connections, which admissions and actions need too. */
const maxConcurrent = 10

/** About five minutes. The next change of the pod starts again. */
const maxAttempts = 15

/** Returns undefined on success, else the problem. The uid protects a later pod of the same name. */
async function annotate(api: KubernetesApi, namespace: string, name: string, uid: string, suffix: string) {
  const response = await api.request({
    method: 'PATCH',
    path: `${podPath({ namespace, name })}?fieldManager=spark-nanny`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, annotations: { [nextApplicationIdSuffixAnnotation]: suffix } } },
    // Shorter than the rest of a lease when its holder steps down.
    deadlineMs: 4_000,
  })
  // 404 and 409: the pod is gone, or replaced by another of its name.
  const gone = response.kind === 'response' && (response.status === 404 || response.status === 409)
  const written = response.kind === 'response' && response.status === 200 && isFromApiServer(response)
  return written || gone ? undefined : describeResponse(response)
}
