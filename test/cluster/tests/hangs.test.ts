import { rmSync } from 'node:fs'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { attachDebugger, debugAgentOption } from '../harness/debugger.ts'
import { type Hang, runHang, runTwin, type Twin } from '../harness/hang-runs.ts'
import { hostPid } from '../harness/host-process.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { driverContainer, freezeDriver, getPod, type PodRef, thawDriver } from '../harness/pods.ts'
import { run } from '../harness/processes.ts'
import { startWebhook, type Webhook } from '../harness/webhook.ts'

const namespace = `hangs-${process.pid}`
/** A label of the node that the test sets when capacity for executors comes. */
const capacityLabel = `hangs.test/capacity-${process.pid}`
let cluster: Cluster
let webhook: Webhook

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace, { 'spark-nanny.io/inject': 'enabled', webhook: 'hangs' })
  webhook = await startWebhook(cluster, { name: 'hangs' })
})
after(async () => {
  await cluster.kubectl(['label', 'nodes', '--all', `${capacityLabel}-`])
  await deleteNamespace(cluster, namespace)
  await webhook?.stop()
})

const quick = { interval: '1s', timeout: '5s', 'restart-backoff': '1s' }
const serial = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'
const jvm = (options: string) => ({ 'spark.driver.extraJavaOptions': options })
const dynamicAllocation = {
  'spark.dynamicAllocation.enabled': 'true',
  'spark.dynamicAllocation.shuffleTracking.enabled': 'true',
  'spark.dynamicAllocation.initialExecutors': '0',
  'spark.dynamicAllocation.minExecutors': '0',
  'spark.dynamicAllocation.maxExecutors': '1',
  'spark.dynamicAllocation.executorIdleTimeout': '10s',
}

/** Runs the driver's JVM into a breakpoint for `durationMs`. */
const suspend = async (_: Cluster, driver: PodRef, durationMs: number): Promise<void> => {
  const address = (await getPod(cluster, driver))?.status?.podIP
  const debug = await attachDebugger(address ?? '')
  await debug.suspend()
  await sleep(durationMs)
  await debug.resume()
  debug.close()
}

/** A heap dump that is compressed as well as can be, and so takes a minute, in which no thread runs. */
const dumpHeap = async (_: Cluster, driver: PodRef): Promise<void> => {
  const pid = await hostPid(cluster, driver, driverContainer, 'java')
  await run('jcmd', [String(pid), 'GC.heap_dump', '-gz=9', '/tmp/heap.hprof.gz'])
  rmSync(`/proc/${pid}/root/tmp/heap.hprof.gz`, { force: true })
}

const hangs: readonly Hang[] = [
  {
    name: 'frozen',
    mode: 'loop',
    until: /app: job 2 done/,
    hang: freezeDriver,
    reasons: ['frozen'],
    outcome: 'restarted',
  },
  {
    name: 'frozen-in-start',
    mode: 'slow-start',
    args: [600],
    until: /app: starting slowly/,
    hang: freezeDriver,
    reasons: ['frozen'],
    outcome: 'restarted',
    works: /app: starting slowly/,
  },
  {
    name: 'memory-exhaustion',
    mode: 'memory-exhaustion',
    settings: { ...quick, 'busy-deadline': '1m' },
    until: /app: exhausting/,
    // A starved JVM cannot burn CPU time.
    reasons: ['busy', 'unresponsive'],
    outcome: 'restarted',
  },
  {
    name: 'scheduler-death-result',
    mode: 'scheduler-death',
    args: ['result'],
    settings: { ...quick, 'thread-dump-interval': '10s' },
    until: /app: scheduler dies/,
    reasons: ['scheduler-dead'],
    outcome: 'restarted',
  },
  {
    name: 'scheduler-death-accumulator',
    mode: 'scheduler-death',
    args: ['accumulator'],
    settings: { ...quick, 'thread-dump-interval': '10s' },
    until: /app: scheduler dies/,
    reasons: ['scheduler-dead'],
    outcome: 'restarted',
  },
  {
    name: 'deadlock',
    mode: 'deadlock',
    settings: { ...quick, 'thread-dump-interval': '10s' },
    until: /app: deadlock/,
    reasons: ['deadlock'],
    outcome: 'restarted',
    works: /app: context up/,
  },
  {
    name: 'query-fails',
    mode: 'queries',
    args: [900, 'fails'],
    settings: { ...quick, 'query-ended-deadline': '30s' },
    until: /app: failing/,
    reasons: ['query-ended'],
    outcome: 'reported',
  },
  {
    name: 'all-queries-fail',
    mode: 'queries',
    args: [900, 'fails-alone'],
    settings: { ...quick, 'query-ended-deadline': '30s' },
    until: /app: failing/,
    reasons: ['query-ended'],
    outcome: 'restarted',
    works: /app: batch 0 of fails-alone/,
  },
  {
    name: 'query-blocks',
    mode: 'queries',
    args: [900, 'blocks'],
    settings: { ...quick, 'streaming-stall-deadline': '1m' },
    until: /app: blocking/,
    reasons: ['streaming-stall'],
    outcome: 'reported',
  },
  {
    name: 'query-blocks-acted-on',
    mode: 'queries',
    args: [900, 'blocks'],
    settings: { ...quick, 'streaming-stall-deadline': '1m', 'act-on': 'likely' },
    until: /app: blocking/,
    reasons: ['streaming-stall'],
    outcome: 'restarted',
  },
  {
    name: 'no-capacity',
    mode: 'pi',
    conf: { 'spark.kubernetes.executor.request.cores': '1000' },
    settings: { ...quick, 'no-executors-deadline': '1m' },
    until: /app: context up/,
    reasons: ['no-executors'],
    outcome: 'reported',
  },
  {
    name: 'allocation-stops',
    mode: 'allocation',
    args: [900, 'stops'],
    // As much as a job with executors needs. The application fills it.
    conf: { ...dynamicAllocation, 'spark.scheduler.listenerbus.eventqueue.executorManagement.capacity': '1000' },
    settings: { ...quick, 'no-executors-deadline': '1m' },
    until: /app: allocation stops/,
    reasons: ['no-executors'],
    outcome: 'restarted',
  },
  {
    name: 'main-returns',
    mode: 'main-returns',
    settings: { ...quick, 'stop-deadline': '30s', 'act-on': 'likely' },
    until: /app: main returns/,
    reasons: ['main-ended'],
    outcome: 'failed',
  },
  {
    name: 'stays-after-stop',
    mode: 'late-end',
    args: [900],
    settings: { ...quick, 'stop-deadline': '30s' },
    until: /app: context stopped/,
    reasons: ['stop-deadline'],
    outcome: 'failed',
  },
  {
    name: 'no-context',
    mode: 'slow-start',
    args: [900],
    settings: { ...quick, 'startup-deadline': '30s' },
    until: /app: starting slowly/,
    reasons: ['startup-deadline'],
    outcome: 'reported',
  },
]

/** Settings under which any hang would be concluded long before the twin ends. */
const impatient = {
  ...quick,
  'thread-dump-interval': '10s',
  'query-ended-deadline': '30s',
  'streaming-stall-deadline': '1m',
  'no-executors-deadline': '1m',
  'stop-deadline': '20s',
}

const twins: readonly Twin[] = [
  {
    name: 'short-freeze',
    mode: 'loop',
    args: [60, 1000],
    until: /app: job 2 done/,
    disturb: async (_, driver) => {
      await freezeDriver(cluster, driver)
      await sleep(12_000)
      await thawDriver(cluster, driver)
    },
    completes: /app: loop ended/,
  },
  {
    name: 'breakpoint',
    mode: 'loop',
    args: [60, 1000],
    conf: jvm(`${serial} ${debugAgentOption}`),
    settings: { ...quick, 'frozen-deadline': '10s', 'unresponsive-deadline': '20s', 'busy-deadline': '30s' },
    until: /app: job 2 done/,
    disturb: (_, driver) => suspend(cluster, driver, 90_000),
    completes: /app: loop ended/,
  },
  {
    name: 'long-collection',
    mode: 'busy-pause',
    args: [90],
    // The pause needs the second compiler.
    conf: jvm('-XX:+UseSerialGC'),
    completes: /app: paused[\s\S]*job 2 done/,
  },
  {
    name: 'heap-dump',
    mode: 'large-heap',
    args: [60, 500],
    conf: { 'spark.driver.memory': '900m' },
    until: /app: filled/,
    disturb: dumpHeap,
    completes: /app: kept/,
  },
  { name: 'slow-lock', mode: 'slow-lock', args: [60], settings: impatient, completes: /app: job 2 done/ },
  { name: 'idle', mode: 'idle', args: [90], settings: impatient, completes: /app: idle ended/ },
  { name: 'long-task', mode: 'loop', args: [60, 80_000], settings: impatient, completes: /app: loop ended/ },
  { name: 'driver-compute', mode: 'driver-compute', args: [90], settings: impatient, completes: /app: job 2 done/ },
  { name: 'queries-well', mode: 'queries', args: [100, 'well'], settings: impatient, completes: /app: queries ended/ },
  {
    // With http no record shows the CPU time of the thread for which main waits.
    name: 'query-fails-and-a-thread-computes',
    mode: 'queries',
    args: [180, 'fails-and-computes'],
    settings: { ...impatient, 'probe-handler': 'http' },
    completes: /app: failing[\s\S]*queries ended/,
    shows: /the application continues without it/,
  },
  { name: 'query-ends', mode: 'queries', args: [100, 'ends'], settings: impatient, completes: /app: queries ended/ },
  { name: 'query-slow', mode: 'queries', args: [120, 'slow'], settings: impatient, completes: /app: queries ended/ },
  { name: 'query-idle', mode: 'queries', args: [120, 'idle'], settings: impatient, completes: /app: queries ended/ },
  {
    name: 'late-capacity',
    mode: 'pi',
    conf: { [`spark.kubernetes.executor.node.selector.${capacityLabel}`]: 'yes' },
    settings: impatient,
    until: /app: context up/,
    disturb: async () => {
      await sleep(35_000)
      await cluster.kubectl(['label', 'nodes', '--all', `${capacityLabel}=yes`])
    },
    completes: /app: pi is/,
  },
  {
    name: 'allocation',
    mode: 'allocation',
    args: [90, 'works'],
    conf: dynamicAllocation,
    settings: impatient,
    completes: /app: job 3 done/,
  },
  {
    name: 'works-after-main',
    mode: 'main-returns',
    args: [60],
    settings: impatient,
    completes: /app: main returns[\s\S]*job 9 done/,
  },
  {
    name: 'computes-after-stop',
    mode: 'compute-after-stop',
    args: [60],
    settings: impatient,
    completes: /app: computed/,
  },
  {
    name: 'slow-start',
    mode: 'slow-start',
    args: [60],
    settings: { ...impatient, 'startup-deadline': '20s' },
    completes: /app: job 1 done/,
  },
]

/** Those of a usual run, one or two of each kind. `HANGS=all` runs them all, which takes half an hour. */
const usual = [
  'frozen',
  'frozen-in-start',
  'scheduler-death-accumulator',
  'deadlock',
  'query-fails',
  'no-capacity',
  'allocation-stops',
  'stays-after-stop',
  'no-context',
  'breakpoint',
  'long-collection',
  'heap-dump',
  'idle',
  'queries-well',
  'late-capacity',
  'computes-after-stop',
  'slow-start',
]
const usualOnSpark3 = ['frozen', 'deadlock', 'queries-well']
const runsAll = process.env.HANGS === 'all'

const onSpark3 = [
  'frozen',
  'memory-exhaustion',
  'scheduler-death-accumulator',
  'deadlock',
  'query-fails',
  'all-queries-fail',
  'queries-well',
]

describe('hangs and their healthy twins', { concurrency: 5 }, () => {
  const runs = [
    ...hangs.map((hang) => ({
      name: hang.name,
      title: `${hang.reasons.join(' or ')}, ${hang.outcome}`,
      run: (context: TestContext, changes: Partial<Hang>) =>
        runHang(cluster, context, namespace, { ...hang, ...changes }),
    })),
    ...twins.map((twin) => ({
      name: twin.name,
      title: 'lives and completes',
      run: (context: TestContext, changes: Partial<Twin>) =>
        runTwin(cluster, context, namespace, { ...twin, ...changes }),
    })),
  ]
  for (const { name, title, run: runOne } of runs.filter((run) => runsAll || usual.includes(run.name))) {
    test(`${name} on Spark 4 → ${title}`, (context) => runOne(context, {}))
    if ((runsAll ? onSpark3 : usualOnSpark3).includes(name)) {
      test(`${name} on Spark 3.5 → ${title}`, (context) => runOne(context, { name: `${name}-3`, spark: '3.5.7' }))
    }
  }
})
