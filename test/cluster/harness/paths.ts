import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The directory for all files of the harness: build results (bin, images, spark) and the running cluster (run). */
export const cacheDir = join(
  resolve(process.env.SPARK_NANNY_CLUSTER_DIR ?? process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')),
  'spark-nanny-cluster',
)

export const binDir = join(cacheDir, 'bin')
export const imagesDir = join(cacheDir, 'images')
export const sparkDir = join(cacheDir, 'spark')
/** containerd's own root outlives a cluster, so that images are imported once. */
export const containerdRoot = join(cacheDir, 'containerd')
/** State of the running cluster. It is deleted when the cluster stops, except for the logs. */
export const runDir = join(cacheDir, 'run')
export const logsDir = join(runDir, 'logs')
export const pidsDir = join(runDir, 'pids')
export const kubeconfigPath = join(runDir, 'kubeconfig')
/** The file that `connectCluster` reads: the address, paths and images of the running cluster. */
export const clusterFile = join(runDir, 'cluster.json')

export const harnessDir = import.meta.dirname
export const testsDir = join(harnessDir, '../tests')
export const projectDir = resolve(harnessDir, '../../..')

export const binary = (name: string): string => join(binDir, name)
