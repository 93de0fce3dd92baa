import { type WriteResult, worseResult } from '../../../kubernetes/write-result.ts'
import type { ActionTask } from '../decide/action-task.ts'
import { driverLogFields } from '../driver/log-fields.ts'
import type { ActionDeps } from './action-deps.ts'
import { type Executor, findStaleExecutors, listExecutors } from './stale-executors.ts'

/** Deletes the executors that earlier attempts of a driver restarted in place left behind, and reports their names. */
export async function deleteExecutors(
  task: ActionTask,
  restarts: number,
  deps: Pick<ActionDeps, 'api' | 'writer' | 'recorder' | 'metrics' | 'log'>,
): Promise<WriteResult> {
  const { driver, state } = task
  const listed = await listExecutors(deps.api, driver)
  if ('problem' in listed) return { kind: 'failed', detail: listed.problem, retryAfterMs: 0 }
  const deleted: string[] = []
  const confirm = (uid: string, name: string) => {
    state.unconfirmedExecutors.delete(uid)
    deleted.push(name)
    deps.metrics.recordAction('delete-executor', 'ok')
  }
  for (const [uid, name] of state.unconfirmedExecutors) if (!isPresent(listed.executors, uid)) confirm(uid, name)
  let worst: WriteResult = { kind: 'ok' }
  for (const executor of findStaleExecutors(driver, listed.executors)) {
    const { uid, name } = executor
    const result = await deps.writer.deletePod(executor)
    worst = worseResult(worst, result)
    if (result.kind === 'ok') confirm(uid, name)
    else if (result.kind === 'conflict' || result.outcomeUnknown) state.unconfirmedExecutors.set(uid, name)
    if (result.kind === 'failed') deps.metrics.recordAction('delete-executor', 'failed')
  }
  if (deleted.length > 0) report(task, restarts, deleted, deps)
  if (worst.kind === 'ok') state.cleanedRestarts = restarts
  return worst
}

const isPresent = (executors: readonly Executor[], uid: string) =>
  executors.some((executor) => executor.uid === uid && !executor.terminating)

function report(
  task: ActionTask,
  restarts: number,
  names: readonly string[],
  { recorder, log }: Pick<ActionDeps, 'recorder' | 'log'>,
): void {
  log.info({ event: 'executors-deleted', ...driverLogFields(task.driver), restarts, executors: names })
  const count = names.length === 1 ? '1 executor' : `${names.length} executors`
  const message = `The driver was restarted in place (restart ${restarts}). spark-nanny deleted ${count} of the previous attempt: ${names.join(', ')}.`
  const dedupKey = `${restarts} ${names.join(' ')}`
  recorder.publishWithRetry(task, { type: 'Normal', reason: 'SparkNannyDriverRestarted', message, dedupKey }, false)
}
