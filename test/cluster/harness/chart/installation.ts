import type { V1Pod } from '@kubernetes/client-node'
import type { Cluster } from '../cluster.ts'
import { sidecarTag, webhookTag } from '../images/project.ts'
import { chartDir, helm } from './helm.ts'

/** A release; its objects are called `<release>-spark-nanny`, or as the release where that name holds spark-nanny. */
export interface Installation {
  readonly release: string
  readonly namespace: string
}

export const fullnameOf = ({ release }: Installation): string =>
  release.includes('spark-nanny') ? release : `${release}-spark-nanny`

/** Runs Helm on the cluster and resolves with its standard output. Rejects with Helm's output if it fails. */
export const helmOn = async (cluster: Cluster, args: readonly string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await helm([...args, '--kubeconfig', cluster.kubeconfigPath], input)
  if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}`)
  return stdout
}

const imageValues = (reference: string) => {
  const [, registry, repository, tag] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? []
  return { registry, repository, tag, pullPolicy: 'Never' }
}

/** Additional values of a release. The images are those of the harness. */
export interface InstallValues {
  readonly sidecar?: Readonly<Record<string, unknown>>
  readonly [value: string]: unknown
}

/** Installs or upgrades with the images of the harness, in one command as a user does, and waits until all is ready. */
export const helmInstall = (
  cluster: Cluster,
  { release, namespace }: Installation,
  { sidecar = {}, ...values }: InstallValues = {},
  chart = chartDir,
): Promise<string> => {
  const all = { image: imageValues(webhookTag), sidecar: { image: imageValues(sidecarTag), ...sidecar }, ...values }
  const flags = ['--namespace', namespace, '--create-namespace', '--wait', '--timeout', '3m', '--values', '-']
  return helmOn(cluster, ['upgrade', '--install', release, chart, ...flags], JSON.stringify(all))
}

export const helmUninstall = (cluster: Cluster, { release, namespace }: Installation): Promise<string> =>
  helmOn(cluster, ['uninstall', release, '--namespace', namespace, '--ignore-not-found', '--wait'])

/** The pods of an installation's webhook that are not being deleted. */
export const webhookPods = async (cluster: Cluster, { release, namespace }: Installation): Promise<V1Pod[]> => {
  const labelSelector = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=webhook`
  const { items } = await cluster.core.listNamespacedPod({ namespace, labelSelector })
  return items.filter(({ metadata }) => !metadata?.deletionTimestamp)
}
