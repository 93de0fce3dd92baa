import { domain } from '../contract/pod-contract.ts'
import { type Container, findApplicationId, type Pod } from '../kubernetes/pod.ts'
import {
  javaOptionKeys,
  javaOptionVariables,
  loadsDebugAgent,
  mayContainJavaOptions,
  mayLoadDebugAgent,
} from './debug-agent.ts'
import { baseName, type DriverCommand, findDriverCommand } from './driver-command.ts'

/**
 * Whether a pod is provably a cluster-mode driver with a UI of its own. Only such a driver is ever acted on: a missing answer
 * of a UI says nothing about a program that may not have one.
 */
export interface DriverIdentity {
  /** `assumed`: a person vouches for the pod by the setting assume-driver. */
  readonly kind: 'proven' | 'assumed' | 'unproven'
  /** What the pod shows, as phrases for users. */
  readonly proofs: readonly string[]
  /** What it does not show, or what contradicts it, the most important first. Empty if the driver is proven. */
  readonly doubts: readonly string[]
  /** Why hangs are only reported, as a sentence for users. Null if spark-nanny may act on the driver. */
  readonly observedBecause: string | null
  /** The id by which its UI is recognized. Null if it is unknown. */
  readonly applicationId: string | null
  readonly command: DriverCommand | null
  /** Whether a debugger may attach to the driver, and suspend all its threads. */
  readonly debugAgent: boolean
  /** Whether it has a UI that can be polled. */
  readonly hasUi: boolean
  /**
   * Whether its executors find it by the Service that Spark creates, which publishes addresses that are not ready. If not,
   * a probe that delays readiness could keep the executors from their driver.
   */
  readonly hasOwnService: boolean
}

/** What is known about a pod apart from its manifest. */
export interface IdentityContext {
  /** The conf of its SparkApplication, which spark-submit wrote into `spark.properties`. Arguments override it. */
  readonly sparkConf: Readonly<Record<string, string>>
  /** The setting assume-driver. */
  readonly assumed: boolean
  /** Whether the user set the port of the UI. */
  readonly uiPortIsSet: boolean
}

/** Weighs what a pod shows. Pure. */
export function identifyDriver(pod: Pod, driver: Container, context: IdentityContext): DriverIdentity {
  const command = findDriverCommand(driver) ?? null
  const setting = (key: string) => command?.submit.conf.get(key) ?? getOwn(context.sparkConf, key)
  const applicationId = chooseApplicationId(pod, driver, command, context)
  const commandDoubt = findCommandDoubt(command, driver, setting)
  const useDoubt = findUseDoubt(pod, driver, command)
  const proofs = findProofs(pod, command, applicationId)
  // The labels and volumes of a driver may be copied to any other pod, so the command must be a driver's as well.
  const doubts = [
    ...(commandDoubt === undefined ? [] : [commandDoubt]),
    ...(proofs.length > (command === null ? 0 : 1) ? [] : ['no application id, spark.properties or SparkApplication']),
    ...(useDoubt === undefined ? [] : [useDoubt]),
  ]
  const kind = chooseKind(doubts.length === 0, context.assumed)
  const hasUi = !isUiOff(setting, context.uiPortIsSet)
  const debugSource = findDebugAgent(driver, setting)
  return {
    kind,
    proofs,
    doubts,
    observedBecause:
      explainUnproven(kind, doubts) ??
      explainOther(pod.spec.hostNetwork === true && applicationId === null, hasUi, debugSource),
    applicationId,
    command,
    debugAgent: debugSource !== undefined,
    hasUi,
    hasOwnService: isSubmittedBySpark(pod, command),
  }
}

function chooseKind(isProven: boolean, assumed: boolean): DriverIdentity['kind'] {
  if (isProven) return 'proven'
  return assumed ? 'assumed' : 'unproven'
}

function explainUnproven(kind: DriverIdentity['kind'], doubts: readonly string[]): string | undefined {
  if (kind !== 'unproven') return undefined
  const [doubt = 'no proof'] = doubts
  return `this may not be a cluster-mode Spark driver (${doubt}): it is only observed, unless ${domain}/assume-driver is true`
}

function explainOther(isAnonymous: boolean, hasUi: boolean, debugSource: string | undefined): string | null {
  if (!hasUi) return 'the driver’s Spark UI is switched off or on a random port: no hang can be detected'
  if (isAnonymous) {
    return 'the pod uses the node’s network and has no application id (label spark-app-selector): another driver’s UI could be mistaken for its own, so it is only observed'
  }
  return debugSource === undefined ? null : `a debugger can be attached (${debugSource}): a hang is only reported`
}

/** No application id is as long: Spark's own have about 40 characters, and a label may have 63. */
const maxIdLength = 253

/** A value with a variable that only the kubelet knows identifies nothing. */
const isKnown = (value: string | undefined): value is string =>
  value !== undefined && value !== '' && value.length <= maxIdLength && !value.includes('$(')

function chooseApplicationId(
  pod: Pod,
  { env }: Container,
  command: DriverCommand | null,
  { sparkConf }: IdentityContext,
): string | null {
  const written = command?.submit.conf.get('spark.app.id')
  if (written !== undefined) return isKnown(written) ? written : null
  const inEnv = env?.find(({ name }) => name === 'SPARK_APPLICATION_ID')?.value
  return [findApplicationId(pod), getOwn(sparkConf, 'spark.app.id'), inEnv].find(isKnown) ?? null
}

type ReadSetting = (key: string) => string | undefined

function findCommandDoubt(command: DriverCommand | null, { env }: Container, setting: ReadSetting): string | undefined {
  if (command === null) return 'its command runs neither Spark’s entrypoint “driver” nor spark-submit'
  const { kind, submit } = command
  if (!submit.runsApplication) return 'its arguments run no application'
  if (submit.deployMode !== null && submit.deployMode !== 'client') return `--deploy-mode is ${submit.deployMode}`
  if (kind === 'entrypoint') return undefined
  const isBound =
    setting('spark.driver.bindAddress') !== undefined ||
    env?.some(({ name }) => name === 'SPARK_DRIVER_BIND_ADDRESS') === true
  return isBound ? undefined : 'spark-submit in client mode, without spark.driver.bindAddress'
}

function findProofs(pod: Pod, command: DriverCommand | null, applicationId: string | null): readonly string[] {
  const owner = pod.metadata?.ownerReferences?.find(({ kind }) => kind === 'SparkApplication')
  return [
    ...(command === null ? [] : [command.kind === 'entrypoint' ? 'argument driver' : 'command spark-submit']),
    ...(applicationId === null ? [] : [`application id ${applicationId}`]),
    ...(hasConfVolume(pod) ? ['spark.properties in the volume spark-conf-volume-driver'] : []),
    ...(owner === undefined ? [] : [`owner SparkApplication ${owner.name}`]),
  ]
}

/** The ConfigMap that spark-submit mounts into every driver that it creates (Constants.SPARK_CONF_VOLUME_DRIVER). */
const hasConfVolume = ({ spec }: Pod) => spec.volumes?.some(({ name }) => name === 'spark-conf-volume-driver') === true

/** Main classes that serve requests without an end. Their UI, if they have one, says nothing about a job. */
const serverClasses: Readonly<Record<string, string>> = {
  'org.apache.spark.deploy.history.HistoryServer': 'a History Server',
  'org.apache.spark.deploy.master.Master': 'a Spark master',
  'org.apache.spark.deploy.worker.Worker': 'a Spark worker',
  'org.apache.spark.sql.connect.service.SparkConnectServer': 'a Spark Connect server',
  'org.apache.spark.sql.hive.thriftserver.HiveThriftServer2': 'a Thrift server',
  'org.apache.spark.repl.Main': 'a Spark shell',
  'org.apache.toree.Main': 'a notebook kernel',
  'launcher.ToreeLauncher': 'a notebook kernel',
  'org.apache.zeppelin.interpreter.remote.RemoteInterpreterServer': 'a Zeppelin interpreter',
}
const shellResources: readonly string[] = ['spark-shell', 'pyspark-shell', 'sparkr-shell']

/** The launchers of Jupyter Enterprise Gateway and ipykernel. A kernel has no SparkContext until a cell creates one. */
const kernelFile = /^(launch_(ipy|ir)kernel\.(py|r)|ipykernel_launcher(\.py)?|toree-(launcher|assembly)\S*\.jar)$/i

/** Why a driver may be healthy without any UI or job: people, or other programs, decide when it works. */
function findUseDoubt({ metadata }: Pod, { env }: Container, command: DriverCommand | null): string | undefined {
  const { mainClass = null, primaryResource = null } = command?.submit ?? {}
  const server = mainClass === null ? undefined : getOwn(serverClasses, mainClass)
  if (server !== undefined) return `it is ${server}`
  if (primaryResource !== null && shellResources.includes(primaryResource)) return 'it is a Spark shell'
  const isKernel =
    kernelFile.test(baseName(primaryResource ?? '')) ||
    metadata?.labels?.kernel_id !== undefined ||
    env?.some(({ name }) => name === 'KERNEL_ID') === true
  return isKernel ? 'it is a notebook kernel' : undefined
}

function isUiOff(setting: ReadSetting, portIsSet: boolean): boolean {
  const enabled = setting('spark.ui.enabled')?.trim().toLowerCase() ?? 'true'
  return enabled !== 'true' || (!portIsSet && setting('spark.ui.port')?.trim() === '0')
}

/**
 * Whether the conf of an application hides a hang of its driver, or explains one: the UI is off or on a random port, or a
 * debugger may be attached.
 */
export function hidesHangs(conf: Readonly<Record<string, string>>): boolean {
  const setting = (key: string) => getOwn(conf, key)
  return isUiOff(setting, false) || javaOptionKeys.some((key) => mayLoadDebugAgent(setting(key)))
}

/**
 * Whether a debugger may be attached that the manifest does not show, because some Java options are only known in the container.
 * A sidecar sees the processes of the driver. Without one, a breakpoint looks like a hang.
 */
export function mayHideDebugAgent(driver: Container): boolean {
  const { env = [], envFrom = [] } = driver
  const conf = findDriverCommand(driver)?.submit.conf
  return (
    envFrom.length > 0 ||
    javaOptionKeys.some((key) => mayLoadDebugAgent(conf?.get(key))) ||
    env.some(
      ({ name, value, valueFrom }) =>
        mayContainJavaOptions(name) && (valueFrom !== undefined || mayLoadDebugAgent(value)),
    )
  )
}

/** Where the pod loads a JDWP agent. Returns undefined if it does not show one. */
function findDebugAgent({ env }: Container, setting: ReadSetting): string | undefined {
  return (
    env?.find(({ name, value }) => javaOptionVariables.includes(name) && loadsDebugAgent(value))?.name ??
    javaOptionKeys.find((key) => loadsDebugAgent(setting(key)))
  )
}

/**
 * Spark's own submission passes its properties file to the driver, labels the pod, and creates the headless Service whose
 * name is the driver’s host. A host on the command line comes from another program.
 */
function isSubmittedBySpark(pod: Pod, command: DriverCommand | null): boolean {
  return (
    command?.kind === 'entrypoint' &&
    command.submit.propertiesFile !== null &&
    !command.submit.conf.has('spark.driver.host') &&
    findApplicationId(pod) !== undefined &&
    hasConfVolume(pod)
  )
}

function getOwn(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
