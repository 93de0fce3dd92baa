import { existsSync, readFileSync } from 'node:fs'
import { CoreV1Api, KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node'
import { down } from './kubernetes/lifecycle.ts'
import { binary, clusterFile } from './paths.ts'
import { prepareAndStart } from './prepare.ts'
import { run, stopRunning } from './processes.ts'
import type { Log } from './progress.ts'

/** The contents of run/cluster.json. */
export interface ClusterInfo {
  readonly kubeconfigPath: string
  /** The address of the host as pods and the API server reach it, for a webhook by URL. */
  readonly nodeAddress: string
  readonly runDir: string
  /** The imported images, tag to content hash. */
  readonly images: Readonly<Record<string, string>>
}

export interface Cluster extends ClusterInfo {
  readonly kubeConfig: KubeConfig
  readonly core: CoreV1Api
  /** Reads and writes any kind of object. */
  readonly objects: KubernetesObjectApi
  /** Runs kubectl as cluster admin and resolves with its standard output. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>
  /** Ends the cluster and everything in it. */
  readonly stop: (log?: Log) => Promise<void>
}

/** Connects to the running cluster. If there is none, rejects with the command that starts it. */
export const connectCluster = async (): Promise<Cluster> => {
  if (!existsSync(clusterFile)) {
    throw new Error('no test cluster runs: npm run test:cluster starts one, or with -- --up leaves one running')
  }
  // An interrupted test file stops the processes that it has started. The runner stops its own.
  if (process.env.NODE_TEST_CONTEXT && process.listenerCount('SIGTERM') === 0) {
    process.once('SIGTERM', () => {
      stopRunning()
      process.exit(143)
    })
  }
  const info: ClusterInfo = JSON.parse(readFileSync(clusterFile, 'utf8'))
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(info.kubeconfigPath)
  return {
    ...info,
    kubeConfig,
    core: kubeConfig.makeApiClient(CoreV1Api),
    objects: KubernetesObjectApi.makeApiClient(kubeConfig),
    kubectl: async (args, input) => {
      const options = { timeoutMs: 60_000, ...(input === undefined ? {} : { input }) }
      return (await run(binary('kubectl'), ['--kubeconfig', info.kubeconfigPath, ...args], options)).stdout
    },
    stop: (log = () => {}) => down(log),
  }
}

/** Installs, builds and starts what is missing, and returns the running cluster. */
export const startCluster = async (log: Log): Promise<Cluster> => {
  await prepareAndStart(log)
  return connectCluster()
}
