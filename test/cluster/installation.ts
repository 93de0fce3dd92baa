import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { V1Pod } from '@kubernetes/client-node'
import type { Cluster } from './cluster.ts'
import { sidecarTag, webhookTag } from './images/project.ts'
import { binary, projectDir } from './paths.ts'
import { run } from './processes.ts'

export const chartDir = join(projectDir, 'charts/spark-nanny')

/** Runs helm as cluster admin and gives its standard output. */
export const helm = async (cluster: Cluster, args: readonly string[]): Promise<string> =>
  (await run(binary('helm'), [...args, '--kubeconfig', cluster.kubeconfigPath], { timeoutMs: 180_000 })).stdout

/** Values by which the images of the harness are used instead of released ones. */
export const harnessImages = {
  image: imageValues(webhookTag),
  sidecar: { image: imageValues(sidecarTag) },
}

function imageValues(reference: string): Readonly<Record<string, string>> {
  const [, registry = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? []
  return { registry, repository, tag, pullPolicy: 'Never' }
}

export interface Installation {
  readonly release: string
  readonly namespace: string
}

/** `helm upgrade --install --wait` with the harness's images and `values`, into the release's namespace, made if need be. */
export const helmInstall = async (
  cluster: Cluster,
  { release, namespace }: Installation,
  values: object = {},
  chart = chartDir,
): Promise<string> => {
  const file = join(cluster.runDir, `values-${release}.json`)
  writeFileSync(file, JSON.stringify(merge(harnessImages, values)))
  const where = ['--namespace', namespace, '--create-namespace']
  return helm(cluster, [
    'upgrade',
    '--install',
    release,
    chart,
    ...where,
    '--values',
    file,
    '--wait',
    '--timeout',
    '2m',
  ])
}

const merge = (a: object, b: object): object => {
  const merged: Record<string, unknown> = { ...a }
  for (const [key, value] of Object.entries(b)) {
    const before = merged[key]
    const both = isMap(before) && isMap(value)
    merged[key] = both ? merge(before, value) : value
  }
  return merged
}
const isMap = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The pods of an installation's webhook that are not being deleted. */
export const webhookPods = async (cluster: Cluster, { release, namespace }: Installation): Promise<V1Pod[]> => {
  const labelSelector = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=webhook`
  const { items } = await cluster.core.listNamespacedPod({ namespace, labelSelector })
  return items.filter(({ metadata }) => !metadata?.deletionTimestamp)
}
