/** Observations for the tests of the judge: each witness with defaults, and the judgement after a list of them. */
import { createJudgement, type Judgement, judge } from '../../../core/verdict/judge.ts'
import type {
  DriverThread,
  ExecutorsReading,
  JobsReading,
  JvmProcess,
  MetricsReading,
  Observation,
  ProcessRecord,
  QueriesReading,
  RunningJob,
  Sample,
  StreamingQuery,
  ThreadsReading,
} from '../../../core/verdict/witnesses.ts'
import { policy, samples } from './judged-samples.ts'

export const secondMs = 1_000
export const minuteMs = 60_000

export type Step = readonly [atMs: number, observation: Observation]

export function judgeSteps(
  steps: readonly Step[],
  deadlines: Partial<typeof policy> = {},
  before: Judgement = createJudgement(0),
): Judgement {
  return steps.reduce(
    (state, [atMs, observation]) => judge(state, observation, { ...policy, ...deadlines }, atMs),
    before,
  )
}

/** The verdict in words, such as `hung frozen certain`. */
export function describeVerdict({ verdict }: Judgement): string {
  return verdict.kind === 'hung' ? `hung ${verdict.reason} ${verdict.certainty}` : verdict.kind
}

export const jvm: JvmProcess = {
  startTicks: '4711',
  state: 'sleeping',
  cpuTicks: 1_000,
  threads: 80,
  hasDebugAgent: false,
  waitsForDisk: false,
}

export function record(
  recordedMs: number,
  fields: Partial<JvmProcess> = {},
  others: Partial<ProcessRecord> = {},
): ProcessRecord {
  return {
    recordedMs,
    jvm: { ...jvm, ...fields },
    pythonCpuTicks: null,
    otherCpuTicks: 0,
    throttledUs: null,
    oomKills: null,
    ...others,
  }
}

/** One observation every `everyMs` from `fromMs` to `toMs`. */
export function repeat(
  fromMs: number,
  toMs: number,
  everyMs: number,
  observe: (atMs: number) => Observation,
): readonly Step[] {
  const steps: Step[] = []
  for (let atMs = fromMs; atMs <= toMs; atMs += everyMs) steps.push([atMs, observe(atMs)])
  return steps
}

export const answers = (observation: Partial<Observation> = {}): Observation => ({ ui: samples.alive, ...observation })
export const times = (processes?: ProcessRecord, ui: Sample = samples.timeout): Observation =>
  processes === undefined ? { ui } : { ui, processes }

export const runningJob: RunningJob = { id: 7, endedTasks: 3, activeTasks: 2, streaming: null }
export const jobs = (...fields: readonly Partial<RunningJob>[]): JobsReading => ({
  jobs: fields.map((job) => ({ ...runningJob, ...job })),
})

export const runId = 'd4c34333-e2ab-42cc-a31f-e3bf187602b2'
export const batchJob = (fields: Partial<RunningJob> = {}, batch = 20): Partial<RunningJob> => ({
  streaming: { kind: 'batch', runId, batch },
  ...fields,
})

export const executors = (count: number): ExecutorsReading => ({ executors: count, cores: 2 * count })

export const metrics = (fields: Partial<MetricsReading> = {}): MetricsReading => ({
  activeJobs: 0,
  allJobs: 28,
  droppedExecutorEvents: 0,
  ...fields,
})

export const query = (fields: Partial<StreamingQuery> = {}): StreamingQuery => ({
  name: 'good',
  id: '867adfff',
  runId,
  state: 'active',
  batch: 20,
  error: null,
  ...fields,
})
export const queries = (...fields: readonly Partial<StreamingQuery>[]): QueriesReading => ({
  queries: fields.map(query),
})

const waitingFrames = [
  'jdk.internal.misc.Unsafe.park(Native Method)',
  'java.util.concurrent.locks.LockSupport.park(LockSupport.java:211)',
  'java.util.concurrent.CountDownLatch.await(CountDownLatch.java:230)',
]
/** Frames as Spark 3.5.7 and 4.0.1 show them. */
export const frames = {
  awaitTermination: [
    ...waitingFrames,
    'org.apache.spark.sql.execution.streaming.StreamExecution.awaitTermination(StreamExecution.scala:547)',
    'Two.main(Two.java:8)',
  ],
  latch: [...waitingFrames, 'Two.main(Two.java:8)'],
  asynchronousClient: [
    'jdk.internal.misc.Unsafe.park(Native Method)',
    'java.util.concurrent.CompletableFuture$Signaller.block(CompletableFuture.java:1864)',
    'jdk.internal.net.http.HttpClientImpl.send(HttpClientImpl.java:553)',
    'Two.main(Two.java:8)',
  ],
  sleep: ['java.lang.Thread.sleep(Native Method)', 'Two.main(Two.java:9)'],
  compute: ['Two.compute(Two.java:10)', 'Two.main(Two.java:8)'],
  runJob: [
    ...waitingFrames,
    'org.apache.spark.scheduler.DAGScheduler.runJob(DAGScheduler.scala:989)',
    'Two.main(Two.java:8)',
  ],
  python: [
    'java.lang.Object.wait(Native Method)',
    'java.lang.ProcessImpl.waitFor(ProcessImpl.java:434)',
    'org.apache.spark.deploy.PythonRunner$.main(PythonRunner.scala:103)',
  ],
  trigger: [
    'java.lang.Thread.sleep(Native Method)',
    'org.apache.spark.util.SystemClock.waitTillTime(Clock.scala:97)',
    'org.apache.spark.sql.execution.streaming.ProcessingTimeExecutor.execute(TriggerExecutor.scala:76)',
  ],
  polling: [
    'java.lang.Thread.sleep(Native Method)',
    'org.apache.spark.sql.execution.streaming.MicroBatchExecution.executeOneBatch(MicroBatchExecution.scala:405)',
  ],
  source: [
    'sun.nio.ch.EPoll.wait(Native Method)',
    'sun.nio.ch.SelectorImpl.select(SelectorImpl.java:141)',
    'org.apache.kafka.common.network.Selector.poll(Selector.java:874)',
  ],
  foreachBatch: ['java.lang.Thread.sleep(Native Method)', 'Two.lambda$main$a7b37430$1(Two.java:7)'],
} as const

export const thread = (name: string, fields: Partial<DriverThread> = {}): DriverThread => ({
  id: 1,
  name,
  state: 'WAITING',
  frames: frames.awaitTermination,
  blockedBy: null,
  ...fields,
})

export const scheduler = thread('dag-scheduler-event-loop', { id: 45 })
export const listeners = thread('spark-listener-group-appStatus', { id: 15 })
export const main = (of: readonly string[] = frames.awaitTermination, state = 'WAITING') =>
  thread('main', { id: 1, frames: of, state })
export const stream = (of: readonly string[], state = 'TIMED_WAITING') =>
  thread(`stream execution thread for good [id = 867adfff-11b3-4aeb-b5d5-ed16613b6385, runId = ${runId}]`, {
    id: 66,
    frames: of,
    state,
  })
export const threads = (...list: readonly DriverThread[]): ThreadsReading => ({ threads: list, others: 'idle' })
