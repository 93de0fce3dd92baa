import type { SimulatedQuery, SimulatedThread, Work } from './life.ts'

/** What a driver may be doing, as functions of its age. Frames and names are those of Spark 4.0.1. */

const thread = (
  id: number,
  name: string,
  state: string,
  frames: readonly string[],
  blockedBy?: number,
): SimulatedThread => ({ id, name, state, frames, ...(blockedBy !== undefined && { blockedBy }) })

const scheduler = thread(43, 'dag-scheduler-event-loop', 'WAITING', [
  'jdk.internal.misc.Unsafe.park(Native Method)',
  'java.util.concurrent.LinkedBlockingDeque.take(LinkedBlockingDeque.java:485)',
  'org.apache.spark.util.EventLoop$$anon$1.run(EventLoop.scala:47)',
])
const listeners = thread(51, 'spark-listener-group-shared', 'WAITING', [
  'jdk.internal.misc.Unsafe.park(Native Method)',
  'org.apache.spark.scheduler.AsyncEventQueue.$anonfun$dispatch$1(AsyncEventQueue.scala:97)',
])
const mainInJob = thread(1, 'main', 'WAITING', [
  'jdk.internal.misc.Unsafe.park(Native Method)',
  'org.apache.spark.scheduler.DAGScheduler.runJob(DAGScheduler.scala:1004)',
  'Main$.main(Main.scala:7)',
])
const mainComputes = thread(1, 'main', 'RUNNABLE', ['Main$.train(Main.scala:12)', 'Main$.main(Main.scala:8)'])
const mainAwaitsQueries = thread(1, 'main', 'WAITING', [
  'java.lang.Object.wait(Native Method)',
  'org.apache.spark.sql.classic.StreamingQueryManager.awaitAnyTermination(StreamingQueryManager.scala:140)',
  'Main$.main(Main.scala:9)',
])
const mainSleeps = thread(1, 'main', 'TIMED_WAITING', [
  'java.lang.Thread.sleep(Native Method)',
  'Main$.main(Main.scala:30)',
])
const mainAwaitsPool = thread(1, 'main', 'WAITING', [
  'jdk.internal.misc.Unsafe.park(Native Method)',
  'java.util.concurrent.FutureTask.get(FutureTask.java:190)',
  'Main$.main(Main.scala:31)',
])
const poolThread = (state: string, frames: readonly string[]) => thread(121, 'pool-8-thread-1', state, frames)
const poolComputes = poolThread('RUNNABLE', ['com.acme.Train.step(Train.java:7)'])
const poolAwaitsAnswer = poolThread('RUNNABLE', [
  'java.net.SocketInputStream.socketRead0(Native Method)',
  'com.acme.Api.call(Api.java:3)',
])
const poolSleeps = poolThread('TIMED_WAITING', [
  'java.lang.Thread.sleep(Native Method)',
  'com.acme.Restart.run(R.java:4)',
])
const poolIsIdle = poolThread('TIMED_WAITING', [
  'jdk.internal.misc.Unsafe.park(Native Method)',
  'java.util.concurrent.ThreadPoolExecutor.getTask(ThreadPoolExecutor.java:1062)',
])
const destroyer = thread(99, 'DestroyJavaVM', 'RUNNABLE', [])
const pool = thread(120, 'pool-7-thread-1', 'WAITING', ['jdk.internal.misc.Unsafe.park(Native Method)'])
const grpc = thread(130, 'grpc-default-executor-0', 'TIMED_WAITING', ['jdk.internal.misc.Unsafe.park(Native Method)'])

const ofQuery = (name: string, frames: readonly string[]) =>
  thread(66, `stream execution thread for ${name} [id = id-${name}, runId = run-${name}]`, 'TIMED_WAITING', frames)
const streamWaits = (name: string) =>
  ofQuery(name, [
    'java.lang.Thread.sleep(Native Method)',
    'org.apache.spark.util.SystemClock.waitTillTime(Clock.scala:97)',
    'org.apache.spark.sql.execution.streaming.ProcessingTimeExecutor.execute(TriggerExecutor.scala:91)',
  ])
const streamBlocks = (name: string) =>
  ofQuery(name, [
    'java.net.SocketInputStream.socketRead0(Native Method)',
    'com.acme.Source.latestOffset(Source.scala:3)',
  ])

const query = (name: string, state: SimulatedQuery['state'], batch: number, run = 1): SimulatedQuery => ({
  name,
  id: `id-${name}`,
  runId: `run-${name}${run === 1 ? '' : `-${run}`}`,
  state,
  batch,
})

const batchJob = (batch: number) => ({ id: batch, ended: 1, active: 1, query: { runId: 'run-q', batch } })

/** Nothing but Spark's own threads and events. */
const base: Work = {
  jobs: [],
  allJobs: 5,
  executors: 2,
  queries: [],
  threads: [mainComputes, scheduler, listeners],
  droppedExecutorEvents: 0,
}

const jobMs = 60_000

/** One job a minute, whose tasks take a second. */
export const batchJobs = (ageMs: number): Work => ({
  ...base,
  jobs: [{ id: Math.floor(ageMs / jobMs), ended: Math.floor((ageMs % jobMs) / 1_000), active: 4 }],
  allJobs: 1 + Math.floor(ageMs / jobMs),
  threads: [mainInJob, scheduler, listeners],
})

/** One task that takes hours. */
export const oneLongTask = (): Work => ({
  ...base,
  jobs: [{ id: 3, ended: 7, active: 1 }],
  threads: [mainInJob, scheduler, listeners],
})

export const computesWithoutJobs = (): Work => base

const [batchMs, batchJobMs] = [11_000, 4_000]

/** A batch every ten seconds, whose job takes three. */
export const stream = (ageMs: number): Work => ({
  ...base,
  jobs: ageMs % batchMs < batchJobMs ? [batchJob(Math.floor(ageMs / batchMs))] : [],
  allJobs: 1 + Math.floor(ageMs / batchMs),
  queries: [query('q', 'RUNNING', Math.floor(ageMs / batchMs))],
  threads: [mainAwaitsQueries, scheduler, listeners, streamWaits('q')],
})

/** Spark shows the query as running, and starts no batch, because the source has nothing. */
export const idleStream = (ageMs: number): Work => ({
  ...stream(ageMs),
  jobs: [],
  allJobs: 13,
  queries: [query('q', 'RUNNING', 12)],
})

export const twoStreams = (ageMs: number): Work => ({
  ...stream(ageMs),
  queries: [query('q', 'RUNNING', Math.floor(ageMs / 10_000)), query('r', 'RUNNING', Math.floor(ageMs / 9_000))],
})

/** `r` has failed, and the application has started it again from its checkpoint. */
export const oneOfTwoStartedAgain = (ageMs: number): Work => ({
  ...twoStreams(ageMs),
  queries: [...twoStreams(ageMs).queries.slice(0, 1), query('r', 'RUNNING', 5, 2), query('r', 'FAILED', 4)],
})

export const oneOfTwoFailed = (ageMs: number): Work => ({
  ...twoStreams(ageMs),
  queries: [...twoStreams(ageMs).queries.slice(0, 1), query('r', 'FAILED', 4)],
})

/** The application ended `r` by `stop()`, which is no failure. */
export const oneOfTwoStopped = (ageMs: number): Work => ({
  ...twoStreams(ageMs),
  queries: [...twoStreams(ageMs).queries.slice(0, 1), query('r', 'FINISHED', 4)],
})

/** The only query has failed, and `main` sleeps for ever. */
export const allFailed = (): Work => ({
  ...base,
  queries: [query('q', 'FAILED', 4)],
  threads: [mainSleeps, scheduler, listeners],
})

/** The only query has failed, and `main` waits for a pool. */
const allFailedAndPool = (other: SimulatedThread) => (): Work => ({
  ...allFailed(),
  threads: [mainAwaitsPool, other, scheduler, listeners],
})
export const allFailedAndPoolComputes = allFailedAndPool(poolComputes)
export const allFailedAndPoolAwaitsAnswer = allFailedAndPool(poolAwaitsAnswer)
export const allFailedAndPoolSleeps = allFailedAndPool(poolSleeps)
export const allFailedAndPoolIsIdle = allFailedAndPool(poolIsIdle)

/** The only query has failed, and the pool has started it again from its checkpoint. */
export const startedAgain = (ageMs: number): Work => ({
  ...stream(ageMs),
  queries: [query('q', 'RUNNING', Math.floor(ageMs / batchMs), 2), query('q', 'FAILED', 4)],
  threads: [mainAwaitsPool, scheduler, listeners, streamWaits('q')],
})

/** The only query has failed, and the program goes on to compute. */
export const allFailedAndMainWorks = (ageMs: number): Work => ({
  ...batchJobs(ageMs),
  queries: [query('q', 'FAILED', 4)],
})

/** A source that never answers holds the query's thread. */
export const blockedStream = (ageMs: number): Work => ({
  ...idleStream(ageMs),
  threads: [mainAwaitsQueries, scheduler, listeners, streamBlocks('q')],
})

export const noExecutors = (dropped: number) => (): Work => ({
  ...base,
  jobs: [{ id: 2, ended: 0, active: 0 }],
  executors: 0,
  threads: [mainInJob, scheduler, listeners],
  droppedExecutorEvents: dropped,
})

/** An error has ended the scheduler's thread. */
export const withoutScheduler = (): Work => ({
  ...base,
  jobs: [{ id: 2, ended: 3, active: 0 }],
  threads: [mainInJob, listeners],
})

/** `main` and another thread wait for each other's locks. */
export const deadlocked = (): Work => ({
  ...base,
  threads: [
    thread(1, 'main', 'BLOCKED', ['Main$.one(Main.scala:3)'], 77),
    thread(77, 'writer', 'BLOCKED', ['Main$.two(Main.scala:4)'], 1),
    scheduler,
    listeners,
  ],
})

/** A thread waits for a lock that `main` holds while it works, now and then. */
export const contended = (ageMs: number): Work => ({
  ...batchJobs(ageMs),
  threads: [mainComputes, thread(77, 'writer', 'BLOCKED', ['Main$.two(Main.scala:4)'], 1), scheduler, listeners],
})

/** `main` has returned, and a pool of the program keeps the JVM alive. */
export const mainEnded = (): Work => ({
  ...base,
  threads: [destroyer, scheduler, listeners, pool],
})

/** Spark Connect serves without a `main` thread. */
export const connectServer = (): Work => ({
  ...mainEnded(),
  threads: [destroyer, scheduler, listeners, grpc],
})
