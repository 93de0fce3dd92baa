import {
  applicationsPath,
  formatExecutorsPath,
  formatRunningJobsPath,
  hasCores,
  hasRunningTasks,
  isApplicationIdOf,
  parseApplicationIds,
  parseRunningWork,
  toSample,
} from '../core/spark/rest-api.ts'
import type { Sample, Work } from '../core/verdict/verdict.ts'
import { isLate } from './active-time.ts'
import { sendUiRequest, type UiRequest, type UiResult } from './http-get.ts'
import type { UiAddress } from './ui-address.ts'

const maxApplicationsBytes = 256 * 1024
const maxJobsBytes = 4 * 1024 * 1024

export interface UiPoll {
  readonly sample: Sample
  /** The id of our application as the UI lists it: it ends in `-2`, `-3`, … after restarts in place. */
  readonly listedId: string | null
}

/** The edge to the driver's UI. */
export interface UiClient {
  /** What the UI says of itself. Takes at most `timeoutMs`, unless the sidecar is kept from running. */
  poll(address: UiAddress, applicationId: string | null, timeoutMs: number): Promise<UiPoll>
  /**
   * The running jobs, none while they all wait for a first executor, or undefined when the UI does not tell. Takes at
   * most `timeoutMs`.
   */
  fetchWork(address: UiAddress, listedId: string, timeoutMs: number): Promise<Work | undefined>
}

export function createUiClient(get: (get: UiRequest) => Promise<UiResult> = sendUiRequest): UiClient {
  return {
    async poll(address, applicationId, timeoutMs) {
      const reply = await get({ address, path: applicationsPath, timeoutMs, maxBodyBytes: maxApplicationsBytes })
      const sample = interpretResult(reply, applicationId, timeoutMs)
      const answer = reply.kind === 'response' ? reply.response : undefined
      const isListed = sample.kind === 'alive' && sample.evidence === 'application' && answer !== undefined
      const ids = isListed ? parseApplicationIds(answer.body) : undefined
      const listedId = ids?.find((id) => applicationId === null || isApplicationIdOf(id, applicationId)) ?? null
      return { sample, listedId }
    },
    async fetchWork(address, listedId, timeoutMs) {
      const reply = await get({ address, path: formatRunningJobsPath(listedId), timeoutMs, maxBodyBytes: maxJobsBytes })
      if (reply.kind !== 'response' || reply.response.statusCode !== 200) return undefined
      const { body } = reply.response
      const work = parseRunningWork(body)
      if (work === undefined || work.jobs.length === 0 || hasRunningTasks(body)) return work
      const restMs = Math.max(1, timeoutMs - reply.tookMs)
      const executors = await get({
        address,
        path: formatExecutorsPath(listedId),
        timeoutMs: restMs,
        maxBodyBytes: maxJobsBytes,
      })
      return executors.kind === 'response' && hasCores(executors.response.body) === false ? { jobs: [] } : work
    },
  }
}

function interpretResult(reply: UiResult, applicationId: string | null, timeoutMs: number): Sample {
  const sample = translate(reply, applicationId)
  if (sample.kind !== 'failing' || !isLate(sample.tookMs, timeoutMs)) return sample
  const lateMs = Math.round(sample.tookMs - timeoutMs)
  return { kind: 'inconclusive', detail: `the sidecar itself was ${lateMs} ms late (frozen or throttled)` }
}

function translate(reply: UiResult, applicationId: string | null): Sample {
  switch (reply.kind) {
    case 'response':
      return toSample(reply.response, applicationId, reply.tookMs)
    case 'refused':
      return { kind: 'refused' }
    case 'failed':
      return { kind: 'failing', cause: reply.cause, detail: reply.detail, tookMs: reply.tookMs }
    case 'unsent':
      return { kind: 'inconclusive', detail: reply.detail }
  }
}
