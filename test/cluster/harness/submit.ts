import { existsSync, readdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { apiServerPort } from './kubernetes/names.ts'
import { driverServiceAccount } from './namespaces.ts'
import { getPod, type PodRef } from './pods.ts'
import { run } from './processes.ts'
import { applicationJar, dirOfSpark, jarsOfSpark, type SparkVersion, tagOfSpark } from './spark/image.ts'

/** The behaviours of App.java. */
export type Mode =
  | 'pi'
  | 'loop'
  | 'late-end'
  | 'gc-pauses'
  | 'blocked-task'
  | 'idle'
  | 'driver-compute'
  | 'streaming'
  | 'fail'
  | 'deadlock'
  | 'slow-lock'
  | 'scheduler-death'
  | 'busy-pause'
  | 'large-heap'
  | 'memory-exhaustion'
  | 'main-returns'
  | 'compute-after-stop'
  | 'slow-start'
  | 'queries'
  | 'allocation'

export interface Submission {
  /** The application's name; its driver's pod is `<name>-driver`. */
  readonly name: string
  readonly namespace: string
  readonly mode: Mode
  readonly args?: readonly (string | number)[]
  /** Spark settings that override those of the harness. */
  readonly conf?: Readonly<Record<string, string>>
  /** Default: 1. */
  readonly executors?: number
  /** Default: 4.0.1. */
  readonly spark?: SparkVersion
}

export interface Submitted extends PodRef {
  readonly applicationId: string
  /** When the submission started and when the driver's pod was created, as values of Date.now. */
  readonly submittedAt: number
  readonly createdAt: number
}

/** Small drivers and executors, so that several applications can share two cores. */
const defaults: Readonly<Record<string, string>> = {
  'spark.kubernetes.container.image.pullPolicy': 'Never',
  'spark.kubernetes.authenticate.driver.serviceAccountName': driverServiceAccount,
  'spark.kubernetes.submission.waitAppCompletion': 'false',
  'spark.driver.memory': '512m',
  'spark.executor.memory': '512m',
  'spark.kubernetes.driver.request.cores': '100m',
  'spark.kubernetes.executor.request.cores': '100m',
  // Two tasks at once on one executor.
  'spark.executor.cores': '2',
  'spark.driver.extraJavaOptions': '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
  'spark.executor.extraJavaOptions': '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
}

/** Java packages that Spark reaches into (its JavaModuleOptions), as far as a submission does. */
const opens = ['java.lang', 'java.lang.invoke', 'java.io', 'java.net', 'java.nio', 'java.util', 'sun.nio.ch'].map(
  (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
)

const javaOptions = ['-Xmx256m', '-Xshare:auto', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...opens]

/** The first submission saves its loaded classes in an archive. Later ones use it and start in half the time. */
const withClassArchive = async (
  version: SparkVersion,
  launch: (options: readonly string[]) => Promise<unknown>,
): Promise<void> => {
  const sharedArchive = join(dirOfSpark(version), 'submit.jsa')
  if (existsSync(sharedArchive) && statSync(sharedArchive).mtimeMs > statSync(jarsOfSpark(version)).mtimeMs) {
    await launch([`-XX:SharedArchiveFile=${sharedArchive}`])
    return
  }
  const unfinished = `${sharedArchive}.${process.pid}`
  await launch([`-XX:ArchiveClassesAtExit=${unfinished}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'])
  if (existsSync(unfinished)) renameSync(unfinished, sharedArchive)
}

let queue: Promise<unknown> = Promise.resolve()

/** Runs submissions one after another, because two JVMs that start at once on two cores distort the measurements. */
const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
  const turn = queue.then(work, work)
  queue = turn.catch(() => {})
  return turn
}

/** The settings that a submission passes with `--conf`. */
export const submittedConf = ({
  name,
  namespace,
  executors = 1,
  spark = '4.0.1',
  conf,
}: Submission): Readonly<Record<string, string>> => ({
  ...defaults,
  'spark.kubernetes.container.image': tagOfSpark(spark),
  'spark.kubernetes.namespace': namespace,
  'spark.kubernetes.driver.pod.name': `${name}-driver`,
  'spark.executor.instances': String(executors),
  ...conf,
})

/**
 * Submits an application by Spark's own SparkSubmit in cluster mode and resolves when its driver's pod is created.
 * Rejects with the output of SparkSubmit if it fails, for example because a webhook denies the pod.
 */
export const submit = (cluster: Cluster, submission: Submission): Promise<Submitted> =>
  inTurn(async () => {
    const { name, namespace, mode, args = [], spark = '4.0.1' } = submission
    const ref: PodRef = { namespace, pod: `${name}-driver` }
    const conf = submittedConf(submission)
    const submittedAt = Date.now()
    const jars = jarsOfSpark(spark)
    const classpath = readdirSync(jars)
      .sort()
      .map((jar) => join(jars, jar))
      .join(':')
    const sparkSubmit = [
      ...['-cp', classpath, 'org.apache.spark.deploy.SparkSubmit'],
      ...['--master', `k8s://https://127.0.0.1:${apiServerPort}`, '--deploy-mode', 'cluster'],
      ...['--name', name, '--class', 'App'],
      ...Object.entries(conf).flatMap(([key, value]) => ['--conf', `${key}=${value}`]),
      ...[applicationJar, mode, ...args.map(String)],
    ]
    const env = { KUBECONFIG: cluster.kubeconfigPath }
    await withClassArchive(spark, (options) =>
      run('java', [...javaOptions, ...options, ...sparkSubmit], { env, timeoutMs: 120_000 }),
    )
    const pod = await getPod(cluster, ref)
    const applicationId = pod?.metadata?.labels?.['spark-app-selector']
    if (!applicationId) throw new Error(`${name}: SparkSubmit made no driver pod ${ref.pod}`)
    return { ...ref, applicationId, submittedAt, createdAt: pod.metadata?.creationTimestamp?.getTime() ?? Date.now() }
  })
