import type { SimulatedQuery, Work } from './life.ts'

/** The bodies of Spark's answers, with the fields that spark-nanny reads. test/data/spark-ui has whole ones. */

export const formatApplications = (applicationId: string) =>
  JSON.stringify([{ id: applicationId, name: 'lives', attempts: [{ completed: false }] }])

export const startingPage =
  '<html><body><h3>Spark is starting up. Please wait a while until it is ready.</h3></body></html>'

export const formatJobs = ({ jobs }: Work) =>
  JSON.stringify(
    jobs.map(({ id, ended, active, query }) => ({
      jobId: id,
      name: 'collect at Main.scala:1',
      ...(query && { description: `id = q\nrunId = ${query.runId}\nbatch = ${query.batch}` }),
      status: 'RUNNING',
      numActiveTasks: active,
      numCompletedTasks: ended,
      numFailedTasks: 0,
      numKilledTasks: 0,
    })),
  )

export const formatExecutors = ({ executors }: Work) =>
  JSON.stringify([
    { id: 'driver', isActive: true, totalCores: 0 },
    ...Array.from({ length: executors }, (_, index) => ({ id: String(index + 1), isActive: true, totalCores: 4 })),
  ])

export function formatMetrics(applicationId: string, work: Work): string {
  const name = (metric: string) => `${applicationId}.driver.${metric}`
  return JSON.stringify({
    version: '4.0.0',
    gauges: {
      [name('DAGScheduler.job.activeJobs')]: { value: work.jobs.length },
      [name('DAGScheduler.job.allJobs')]: { value: work.allJobs },
      [name('ExecutorMetrics.JVMHeapMemory')]: { value: 90_000_000 },
      [name('ExecutorMetrics.TotalGCTime')]: { value: 100 },
    },
    counters: {
      [name('LiveListenerBus.numEventsPosted')]: { count: 500 },
      [name('LiveListenerBus.queue.executorManagement.numDroppedEvents')]: { count: work.droppedExecutorEvents },
    },
    timers: { [name('DAGScheduler.messageProcessingTime')]: { count: 150 } },
  })
}

export const formatThreads = ({ threads }: Work) =>
  JSON.stringify(
    threads.map(({ id, name, state, frames, blockedBy }) => ({
      threadId: id,
      threadName: name,
      threadState: state,
      stackTrace: { elems: frames.map((frame) => `app//${frame}\n`) },
      ...(blockedBy !== undefined && { blockedByThreadId: blockedBy }),
      blockedByLock: '',
    })),
  )

export function formatQueries({ queries }: Work): string {
  const active = queries.filter(({ state }) => state === 'RUNNING')
  const ended = queries.filter(({ state }) => state !== 'RUNNING')
  return [
    '<!DOCTYPE html><html><head><title>lives - Streaming Query</title></head><body>',
    `<h5>Active Streaming Queries (${active.length})</h5>`,
    formatQueryTable(active),
    `<h5>Completed Streaming Queries (${ended.length})</h5>`,
    formatQueryTable(ended),
    '</body></html>',
  ].join('\n')
}

const formatQueryTable = (queries: readonly SimulatedQuery[]) => `<table><thead><tr>
<th>Name</th><th>Status</th><th>ID</th><th>Run ID</th><th>Latest Batch</th><th>Error</th></tr></thead><tbody>
${queries
  .map(
    ({ name, state, id, runId, batch }) =>
      `<tr><td>${name}</td><td>${state}</td><td>${id}</td><td>${runId}</td><td>${batch}</td><td>${state === 'FAILED' ? 'java.lang.RuntimeException: planned' : '-'}</td></tr>`,
  )
  .join('\n')}
</tbody></table>`
