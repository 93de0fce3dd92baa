import {
  applicationsPath,
  formatExecutorsPath,
  formatRunningJobsPath,
  isApplicationIdOf,
  parseApplicationIds,
  parseExecutors,
  parseRunningJobs,
  toSample,
} from '../core/spark/rest-api.ts'
import type { Observation, Sample } from '../core/verdict/witnesses.ts'
import { sendUiRequest, type UiRequest, type UiResult } from './http-get.ts'
import type { UiAddress } from './ui-address.ts'

const maxApplicationsBytes = 256 * 1024
const maxJobsBytes = 4 * 1024 * 1024

export interface UiPoll {
  readonly sample: Sample
  /** The application id as the UI lists it: it ends in `-2`, `-3`, … after restarts in place. Null if the UI lists none. */
  readonly listedId: string | null
}

/** Reads the UI of a driver. */
export interface UiClient {
  /** Reads the list of applications. Takes at most `timeoutMs`, unless the process does not run. */
  poll(address: UiAddress, applicationId: string | null, timeoutMs: number): Promise<UiPoll>
  /** Reads the running jobs, and the executors if no task runs. Takes at most `timeoutMs`. */
  fetchWork(address: UiAddress, listedId: string, timeoutMs: number): Promise<Pick<Observation, 'jobs' | 'executors'>>
}

export function createUiClient(send: (request: UiRequest) => Promise<UiResult> = sendUiRequest): UiClient {
  return {
    async poll(address, applicationId, timeoutMs) {
      const result = await send({ address, path: applicationsPath, timeoutMs, maxBodyBytes: maxApplicationsBytes })
      const sample = classifyResult(result, applicationId)
      const response = result.kind === 'response' ? result.response : undefined
      const isListed = sample.kind === 'alive' && sample.evidence === 'application' && response !== undefined
      const ids = isListed ? parseApplicationIds(response.body) : undefined
      const listedId = ids?.find((id) => applicationId === null || isApplicationIdOf(id, applicationId)) ?? null
      return { sample, listedId }
    },
    async fetchWork(address, listedId, timeoutMs) {
      const result = await send({
        address,
        path: formatRunningJobsPath(listedId),
        timeoutMs,
        maxBodyBytes: maxJobsBytes,
      })
      const jobs =
        result.kind === 'response' && result.response.statusCode === 200
          ? parseRunningJobs(result.response.body)
          : undefined
      if (result.kind !== 'response' || jobs === undefined) return {}
      if (jobs.jobs.length === 0 || jobs.jobs.some(({ activeTasks }) => activeTasks > 0)) return { jobs }
      const restMs = Math.max(1, timeoutMs - result.tookMs)
      const executors = await send({
        address,
        path: formatExecutorsPath(listedId),
        timeoutMs: restMs,
        maxBodyBytes: maxJobsBytes,
      })
      const parsed = executors.kind === 'response' ? parseExecutors(executors.response.body) : undefined
      return parsed === undefined ? { jobs } : { jobs, executors: parsed }
    },
  }
}

function classifyResult(result: UiResult, applicationId: string | null): Sample {
  switch (result.kind) {
    case 'response':
      return toSample(result.response, applicationId, result.tookMs)
    case 'refused':
      return { kind: 'refused' }
    case 'failed':
      return { kind: 'failing', cause: result.cause, detail: result.detail, tookMs: result.tookMs }
    case 'inconclusive':
      return { kind: 'inconclusive', detail: result.detail }
  }
}
