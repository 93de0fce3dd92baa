import { metricsPath, parseMetrics } from '../core/spark/metrics.ts'
import { parseQueries, queriesPath } from '../core/spark/queries.ts'
import { formatExecutorsPath, formatRunningJobsPath, parseExecutors, parseRunningJobs } from '../core/spark/rest-api.ts'
import { formatThreadsPath, parseThreads } from '../core/spark/threads.ts'
import type { Observation, UiWitness } from '../core/verdict/witnesses.ts'

/** What one request to the UI gives: one of the readings, or none. */
export type Readings = Pick<Observation, UiWitness>

/** How a witness is read. */
export interface WitnessSource {
  path(applicationId: string): string
  /** A longer answer is not parsed: a part of it would show that something is missing. */
  readonly maxBodyBytes: number
  /** Undefined if the body is not the whole answer of Spark. */
  parse(body: string): Readings | undefined
}

const mebibyte = 1024 * 1024

/** Sizes of real answers: metrics 15 kB, queries 19 kB, threads 350 kB; jobs and executors are 1 kB or 2 kB each. */
export const witnessSources: Readonly<Record<UiWitness, WitnessSource>> = {
  jobs: {
    path: formatRunningJobsPath,
    maxBodyBytes: mebibyte,
    parse(body) {
      const jobs = parseRunningJobs(body)
      return jobs && { jobs }
    },
  },
  executors: {
    path: formatExecutorsPath,
    // Some 600 executors. A driver that has more has no lack of them.
    maxBodyBytes: mebibyte,
    parse(body) {
      const executors = parseExecutors(body)
      return executors && { executors }
    },
  },
  metrics: {
    path: () => metricsPath,
    maxBodyBytes: mebibyte / 4,
    parse(body) {
      const metrics = parseMetrics(body)
      return metrics && { metrics }
    },
  },
  threads: {
    path: formatThreadsPath,
    maxBodyBytes: 2 * mebibyte,
    parse(body) {
      const threads = parseThreads(body)
      return threads && { threads }
    },
  },
  queries: {
    path: () => queriesPath,
    maxBodyBytes: mebibyte,
    parse(body) {
      const queries = parseQueries(body)
      return queries && { queries }
    },
  },
}
