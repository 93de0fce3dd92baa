import { isRecord, parseJson, toText } from '../json.ts'
import type { Sample, Work } from '../verdict/verdict.ts'

/** The UI's answer to `GET /api/v1/applications`, body read whole and cut at some bound. */
export interface UiResponse {
  readonly statusCode: number
  readonly location?: string | undefined
  readonly body: string
}

export const applicationsPath = '/api/v1/applications'
export const formatRunningJobsPath = (applicationId: string) =>
  `${applicationsPath}/${encodeURIComponent(applicationId)}/jobs?status=running`

/**
 * What an answer says of the driver whose application id is `applicationId`; null: any.
 * Spark answers every path with the HTML page "Spark is starting up" until its context is there (SparkUI), 401 or 403
 * with `spark.ui.filters` or ACLs, 302 to https with `spark.ssl.ui.enabled`.
 */
export function toSample(answer: UiResponse, applicationId: string | null, tookMs: number): Sample {
  const { statusCode, body } = answer
  if (statusCode === 401 || statusCode === 403) return { kind: 'alive', evidence: 'authentication' }
  if (statusCode >= 300 && statusCode < 400) {
    // A redirect to a log-in page is a filter's, one to https is TLS: both are the driver's own answer.
    return { kind: 'alive', evidence: 'redirect' }
  }
  if (statusCode >= 500) return { kind: 'failing', cause: 'server-error', detail: `HTTP ${statusCode}`, tookMs }
  if (statusCode !== 200) return { kind: 'other', detail: `HTTP ${statusCode} is no answer of a Spark UI` }
  if (/spark is starting up/i.test(body)) return { kind: 'alive', evidence: 'not-started' }
  const ids = parseApplicationIds(body)
  if (ids === undefined) {
    return { kind: 'failing', cause: 'malformed', detail: 'the answer is no list of applications', tookMs }
  }
  if (applicationId === null ? ids.length > 0 : ids.some((id) => isApplicationIdOf(id, applicationId))) {
    return { kind: 'alive', evidence: 'application' }
  }
  // The list of a history server is long.
  const listed = ids.slice(0, 3).join(', ').slice(0, 300) || 'no application'
  return { kind: 'other', detail: `the UI lists ${listed}${ids.length > 3 ? ', …' : ''}, not ${applicationId}` }
}

export const formatExecutorsPath = (applicationId: string) =>
  `${applicationsPath}/${encodeURIComponent(applicationId)}/executors`

/** Whether `id` is the application's own or that of a driver restarted in place: then it ends in `-2`, `-3`, … */
export function isApplicationIdOf(id: string, applicationId: string): boolean {
  return id === applicationId || (id.startsWith(`${applicationId}-`) && /^-\d+$/.test(id.slice(applicationId.length)))
}

/** The ids in a list of applications (ApplicationInfo), or undefined when it is none. */
export function parseApplicationIds(body: string): readonly string[] | undefined {
  const list = parseJson(body)
  if (!Array.isArray(list)) return undefined
  const ids = list.map((item: unknown) => (isRecord(item) && typeof item.id === 'string' ? item.id : undefined))
  return ids.every((id) => id !== undefined) ? ids : undefined
}

/**
 * The running jobs (JobData) but those of streaming: a receiver's job and a continuous query's never end a task, and
 * a batch's says nothing that the next one does not. Undefined when the body is no list of jobs.
 */
export function parseRunningWork(body: string): Work | undefined {
  const list = parseJson(body)
  if (!Array.isArray(list) || !list.every(isRecord)) return undefined
  const count = (value: unknown) => (typeof value === 'number' ? value : 0)
  const jobs = list
    .filter((job) => !isStreaming(job))
    .map((job) => ({
      id: count(job.jobId),
      endedTasks: count(job.numCompletedTasks) + count(job.numFailedTasks) + count(job.numKilledTasks),
    }))
  return { jobs: jobs.toSorted((a, b) => a.id - b.id) }
}

/** Whether any job of a list of jobs has a task under way. */
export function hasRunningTasks(jobs: string): boolean {
  const list = parseJson(jobs)
  return Array.isArray(list) && list.some((job) => isRecord(job) && Number(job.numActiveTasks) > 0)
}

/**
 * Whether any executor of a list (ExecutorSummary) can run a task, the driver of local mode included; undefined when it
 * is no list. Without one, jobs wait for the cluster, and the driver is not to blame.
 */
export function hasCores(executors: string): boolean | undefined {
  const list = parseJson(executors)
  if (!Array.isArray(list) || !list.every((item) => isRecord(item) && typeof item.totalCores === 'number'))
    return undefined
  return list.some(({ isActive, totalCores }) => isActive !== false && Number(totalCores) > 0)
}

/**
 * Structured Streaming describes its jobs by `id = …, runId = …, batch = …`; DStreams names them "Streaming job
 * running receiver N" and "Streaming job from …".
 */
function isStreaming(job: Record<string, unknown>): boolean {
  const text = `${toText(job.name ?? '')}\n${toText(job.description ?? '')}`
  return /\brunId = /.test(text) || /Streaming job (running receiver|from)/.test(text)
}
