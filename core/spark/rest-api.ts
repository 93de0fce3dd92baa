import { isRecord, parseJson, toText } from '../json.ts'
import type { ExecutorsReading, JobsReading, RunningJob, Sample } from '../verdict/witnesses.ts'

/** The response of the Spark UI to one GET. The body may be truncated. */
export interface UiResponse {
  readonly statusCode: number
  readonly location?: string | undefined
  readonly body: string
}

export const applicationsPath = '/api/v1/applications'
export const formatRunningJobsPath = (applicationId: string) =>
  `${applicationsPath}/${encodeURIComponent(applicationId)}/jobs?status=running`

/**
 * What a response to `GET /api/v1/applications` proves about the driver with this application id. If the id is null, any
 * application counts. Spark responds to every path:
 * - with the HTML page "Spark is starting up" until its SparkContext exists (SparkUI);
 * - with 401 or 403, because of `spark.ui.filters` or ACLs;
 * - with 302 to https, because of `spark.ssl.ui.enabled`.
 */
export function toSample(response: UiResponse, applicationId: string | null, tookMs: number): Sample {
  const { statusCode, body } = response
  if (statusCode === 401 || statusCode === 403) return { kind: 'alive', evidence: 'authentication' }
  if (statusCode >= 300 && statusCode < 400) {
    // A filter redirects to a log-in page, and TLS to https. In both cases the driver itself responds.
    return { kind: 'alive', evidence: 'redirect' }
  }
  if (statusCode >= 500) return { kind: 'failing', cause: 'server-error', detail: `HTTP ${statusCode}`, tookMs }
  if (statusCode !== 200) return { kind: 'other', detail: `HTTP ${statusCode} is not a response of a Spark UI` }
  if (/spark is starting up/i.test(body)) return { kind: 'alive', evidence: 'not-started' }
  const ids = parseApplicationIds(body)
  if (ids === undefined) {
    return { kind: 'failing', cause: 'malformed', detail: 'the response is not a list of applications', tookMs }
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

/** Whether `id` is the application id, or that of its driver after a restart in place: then it ends in `-2`, `-3`, … */
export function isApplicationIdOf(id: string, applicationId: string): boolean {
  return id === applicationId || (id.startsWith(`${applicationId}-`) && /^-\d+$/.test(id.slice(applicationId.length)))
}

/** The ids in a list of applications (ApplicationInfo). Returns undefined if the body is not such a list. */
export function parseApplicationIds(body: string): readonly string[] | undefined {
  const list = parseJson(body)
  if (!Array.isArray(list)) return undefined
  const ids = list.map((item: unknown) => (isRecord(item) && typeof item.id === 'string' ? item.id : undefined))
  return ids.every((id) => id !== undefined) ? ids : undefined
}

/** The running jobs (JobData). Returns undefined if the body is not a list of jobs. */
export function parseRunningJobs(body: string): JobsReading | undefined {
  const list = parseJson(body)
  if (!Array.isArray(list) || !list.every(isRecord)) return undefined
  const count = (value: unknown) => (typeof value === 'number' ? value : 0)
  const jobs = list.map(
    (job): RunningJob => ({
      id: count(job.jobId),
      endedTasks: count(job.numCompletedTasks) + count(job.numFailedTasks) + count(job.numKilledTasks),
      activeTasks: count(job.numActiveTasks),
      streaming: parseStreaming(job),
    }),
  )
  return { jobs: jobs.toSorted((a, b) => a.id - b.id) }
}

/**
 * The executors of a list (ExecutorSummary), without the driver, and the cores of all of them. In local mode the driver is in
 * that list with cores. Returns undefined if the body is not such a list.
 */
export function parseExecutors(body: string): ExecutorsReading | undefined {
  const list = parseJson(body)
  if (!Array.isArray(list) || !list.every((item) => isRecord(item) && typeof item.totalCores === 'number'))
    return undefined
  const active = list.filter(({ isActive }) => isActive !== false)
  return {
    executors: active.filter(({ id }) => id !== 'driver').length,
    cores: active.reduce((sum, { totalCores }) => sum + Number(totalCores), 0),
  }
}

/**
 * Structured Streaming describes its jobs by `id = …, runId = …, batch = …`, separated by line breaks; DStreams names them
 * "Streaming job running receiver N" and "Streaming job from …".
 */
function parseStreaming(job: Record<string, unknown>): RunningJob['streaming'] {
  const text = `${toText(job.name ?? '')}\n${toText(job.description ?? '')}`
  const [, runId] = /\brunId = ([\w-]+)/.exec(text) ?? []
  const [, batch] = /\bbatch = (\d+)/.exec(text) ?? []
  if (runId !== undefined && batch !== undefined) return { kind: 'batch', runId, batch: Number(batch) }
  return runId !== undefined || /Streaming job (running receiver|from)/.test(text) ? { kind: 'unnamed' } : null
}
