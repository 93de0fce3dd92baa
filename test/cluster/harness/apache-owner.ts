import { setTimeout as sleep } from 'node:timers/promises'
import { toRecord, toStringOrEmpty } from '../../../core/json.ts'
import {
  type ApacheSpec,
  type ApacheState,
  type ApacheStep,
  apacheDefaults,
  newApacheApplication,
  reconcileApache,
  stateOf,
} from '../../support/owners/apache-operator.ts'
import type { Cluster } from './cluster.ts'
import { createPlainDriver, type PlainDriver } from './plain-drivers.ts'
import { getPod, type PodRef } from './pods.ts'
import { installSparkApplicationCrd } from './spark-application-crd.ts'

const [group, version, plural] = ['spark.apache.org', 'v1', 'sparkapplications']

export const installApacheApplications = (cluster: Cluster): Promise<void> =>
  installSparkApplicationCrd(cluster, { group, version })

export interface ApacheOwner {
  /** The driver's pod of an attempt, from 1. Each attempt has a name of its own. */
  readonly driver: (attempt: number) => PodRef
  /** All states so far. */
  readonly states: () => readonly ApacheState[]
  /** How many drivers were created. */
  readonly attempts: () => number
  readonly stop: () => Promise<void>
}

/** A SparkApplication and an owner that follows Apache's operator; see {@link reconcileApache}. */
export const ownByApache = async (
  cluster: Cluster,
  namespace: string,
  driver: PlainDriver,
  changes: Partial<ApacheSpec> = {},
): Promise<ApacheOwner> => {
  const spec = { ...apacheDefaults, ...changes }
  const { name } = driver
  const created = await cluster.objects.create({
    apiVersion: `${group}/${version}`,
    kind: 'SparkApplication',
    metadata: { name, namespace },
    spec: { applicationTolerations: { restartConfig: { restartPolicy: spec.restartPolicy } } },
  } as object)
  const uid = toStringOrEmpty(toRecord(toRecord(created).metadata).uid)
  const refOf = (attempt: number): PodRef => ({ namespace, pod: `${name}-${attempt}-driver` })
  let application = newApacheApplication(Date.now())
  let attempts = 0
  let stopped = false
  const act = async (action: ApacheStep['action']) => {
    if (action === 'delete-driver') {
      await cluster.kubectl([
        '-n',
        namespace,
        'delete',
        'pod',
        refOf(attempts).pod,
        '--wait=false',
        '--ignore-not-found',
      ])
    }
    if (action !== 'create-driver') return
    attempts += 1
    await createPlainDriver(cluster, namespace, {
      ...driver,
      name: refOf(attempts).pod,
      labels: { 'spark.operator/spark-app-name': name, ...driver.labels },
      ownerReferences: [{ apiVersion: `${group}/${version}`, kind: 'SparkApplication', name, uid, controller: true }],
    })
  }
  const writeStatus = async () => {
    const status = {
      currentState: { currentStateSummary: stateOf(application) },
      currentAttemptSummary: { attemptInfo: { restartCounter: application.restarts } },
    }
    const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]
    await cluster.kubectl(['-n', namespace, 'patch', `${plural}.${group}`, name, ...patch])
  }
  const run = async () => {
    while (!stopped) {
      const pod = (await getPod(cluster, refOf(attempts))) ?? null
      const step = reconcileApache(application, pod, spec, Date.now())
      const hasChanged = step.application !== application
      await act(step.action)
      application = step.application
      if (hasChanged) await writeStatus()
      await sleep(200)
    }
  }
  const running = run()
  return {
    driver: refOf,
    states: () => application.history.map(({ state }) => state),
    attempts: () => attempts,
    stop: async () => {
      stopped = true
      await running
    },
  }
}
