import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { domain } from '../../../core/contract/pod-contract.ts'
import type { Cluster } from './cluster.ts'
import { debugAgentOption } from './debugger.ts'
import { deleteAfterTest } from './hang-runs.ts'
import { hostPid } from './host-process.ts'
import { createPlainDriver, type PlainDriver } from './plain-drivers.ts'
import { driverContainer, type PodRef } from './pods.ts'
import { type Driver, followDriver } from './scenario.ts'
import { sparkTag, tagOfSpark } from './spark/image.ts'

/** How the container of a driver differs from Spark's own. */
export type Variant = Pick<
  PlainDriver,
  'entrypoint' | 'container' | 'volumes' | 'initContainers' | 'mainClass' | 'jar' | 'args'
>

const script = '/opt/entrypoint.sh'
const tini = '/usr/bin/tini -s --'

/** The image's entrypoint, with another program in the place of tini. It passes its arguments on, as wrappers do. */
const startJvmBy = (starter: string): readonly string[] => [
  '/bin/bash',
  '-c',
  `exec /bin/bash -c "\`sed 's,${tini},${starter},' ${script}\`" entrypoint "$@"`,
  'bash',
]

/** tini runs as root, as the probes do, and the JVM as the user spark. */
const asSpark = startJvmBy(`${tini} setpriv --reuid=185 --regid=185 --clear-groups`)
const root = { runAsUser: 0, runAsGroup: 0 }

const programs = '/without-shell'

/** Copies the image's programs. The shell that runs Spark's entrypoint gets a name that no probe knows. */
const removeShells = [
  `cp -a /usr/bin/* ${programs}/`,
  `cd ${programs}`,
  'mv bash entrypoint-interpreter',
  'rm -f sh dash rbash',
].join(' && ')

export const variants = {
  'jvm-is-process-1': { entrypoint: startJvmBy('') },
  'other-user-below-root': { entrypoint: asSpark, container: { securityContext: root } },
  'other-user-without-kill': {
    entrypoint: asSpark,
    container: { securityContext: { ...root, capabilities: { drop: ['KILL'] } } },
  },
  'other-user-than-the-image': { container: { securityContext: { runAsUser: 1, runAsGroup: 1 } } },
  'no-shell': {
    entrypoint: ['/usr/bin/entrypoint-interpreter', script],
    container: { volumeMounts: [{ name: 'programs', mountPath: '/usr/bin' }] },
    volumes: [{ name: 'programs', emptyDir: {} }],
    initContainers: [
      {
        name: 'remove-shells',
        image: sparkTag,
        imagePullPolicy: 'Never',
        command: ['/bin/bash', '-c', removeShells],
        volumeMounts: [{ name: 'programs', mountPath: programs }],
      },
    ],
  },
  python: {
    container: { image: tagOfSpark('3.5.7') },
    mainClass: 'org.apache.spark.deploy.PythonRunner',
    jar: 'local:///opt/spark/app/app.py',
  },
  'unseen-debug-agent': {
    entrypoint: ['/bin/bash', '-c', `export JAVA_TOOL_OPTIONS=${debugAgentOption}; exec ${script} "$@"`, 'bash'],
  },
  traced: {},
} satisfies Readonly<Record<string, Variant>>

const confMap = 'driver-conf'
const confDir = '/opt/spark/conf'

/** Creates what {@link startVariant} mounts into its drivers. */
export const createDriverConf = (cluster: Cluster, namespace: string): Promise<unknown> =>
  cluster.core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name: confMap }, data: { 'spark.properties': 'spark.ui.showConsoleProgress=false\n' } },
  })

/** Starts a driver that works alone and looks as if spark-submit had created it. It is deleted after the test. */
export const startVariant = async (
  cluster: Cluster,
  context: TestContext,
  driver: Variant & Pick<PlainDriver, 'name'> & { readonly namespace: string },
  settings: Readonly<Record<string, string>>,
): Promise<Driver> => {
  const { name, namespace, container = {}, volumes = [], ...variant } = driver
  const ref: PodRef = { namespace, pod: name }
  const timeline = await followDriver(cluster, context, ref)
  deleteAfterTest(cluster, context, ref)
  const applicationId = `spark-${name}`
  const createdAt = Date.now()
  await createPlainDriver(cluster, namespace, {
    name,
    mode: 'loop',
    ...variant,
    // The id by which a driver without executors reports itself.
    conf: { 'spark.test.appId': applicationId },
    propertiesFile: `${confDir}/spark.properties`,
    labels: { 'spark-app-selector': applicationId },
    annotations: Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`${domain}/${key}`, value] as const),
    ),
    volumes: [{ name: 'spark-conf-volume-driver', configMap: { name: confMap } }, ...volumes],
    container: {
      ...container,
      volumeMounts: [{ name: 'spark-conf-volume-driver', mountPath: confDir }, ...(container.volumeMounts ?? [])],
    },
  })
  return { ...ref, applicationId, submittedAt: createdAt, createdAt, timeline }
}

const signalJvm = async (cluster: Cluster, ref: PodRef, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> => {
  process.kill(await hostPid(cluster, ref, driverContainer, 'java'), signal)
}

/** Freezes the driver's JVM from the host: not every variant has a shell, or may signal its JVM. */
export const freezeFromHost = (cluster: Cluster, ref: PodRef): Promise<void> => signalJvm(cluster, ref, 'SIGSTOP')

/** Freezes it for `durationMs`. */
export const pauseFromHost = async (cluster: Cluster, ref: PodRef, durationMs: number): Promise<void> => {
  await freezeFromHost(cluster, ref)
  await sleep(durationMs)
  await signalJvm(cluster, ref, 'SIGCONT')
}
