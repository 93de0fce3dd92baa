import type { V1Pod } from '@kubernetes/client-node'
import { sidecarContainerName, sidecarPort } from '../../../core/contract/pod-contract.ts'
import type { Cluster } from './cluster.ts'
import { getPod, type PodRef } from './pods.ts'

/** The part of /status that the tests read. */
export interface SidecarStatus {
  readonly state: string
  readonly detail?: string
  readonly reason?: string
  readonly budget?: unknown
  readonly restarts?: readonly { readonly at: string; readonly reason: string }[]
}

export const isInjected = (pod: V1Pod | undefined): boolean =>
  pod?.spec?.initContainers?.some(({ name }) => name === sidecarContainerName) ?? false

/** The status of the pod's sidecar, requested at the pod's address. */
export const sidecarStatus = async (cluster: Cluster, ref: PodRef): Promise<SidecarStatus> => {
  const address = (await getPod(cluster, ref))?.status?.podIP
  const response = await fetch(`http://${address}:${sidecarPort}/status`, { signal: AbortSignal.timeout(5_000) })
  return (await response.json()) as SidecarStatus
}

/** Settings as driver annotations in the form of spark-submit. */
export const settingsConf = (settings: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`spark.kubernetes.driver.annotation.spark-nanny.io/${key}`, value]),
  )
