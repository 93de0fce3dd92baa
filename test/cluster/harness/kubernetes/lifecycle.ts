import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterInfo } from '../cluster.ts'
import type { ImageArchive } from '../images/builder.ts'
import { binary, clusterFile, kubeconfigPath, logsDir, runDir } from '../paths.ts'
import { daemonPid, daemons, run, stopDaemon } from '../processes.ts'
import { type Log, step } from '../progress.ts'
import { importImages, startContainerd, stopContainerd } from './containerd.ts'
import { startControlPlane, startEtcd } from './control-plane.ts'
import { hostAddress } from './names.ts'
import { prepareNetwork, removeNetwork } from './network.ts'
import { removeCgroups, startNode, unmountLeftovers } from './node.ts'
import { makePki } from './pki.ts'

const parts = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'containerd', 'kubelet']

/** True when every part of the cluster runs and its API is ready. */
export const isUp = async (): Promise<boolean> => {
  if (!existsSync(clusterFile)) return false
  if (![...parts, 'kube-proxy', 'coredns'].every((name) => daemonPid(name) !== undefined)) return false
  const ready = run(binary('kubectl'), ['--kubeconfig', kubeconfigPath, 'get', '--raw', '/readyz'], {
    timeoutMs: 10_000,
  })
  return ready.then(
    () => true,
    () => false,
  )
}

/** Ends everything that `up` started and removes what it left in the kernel; keeps images, caches and logs. */
export const down = async (log: Log): Promise<void> => {
  rmSync(clusterFile, { force: true })
  // The kubelet first, else it starts again what is stopped.
  await Promise.all(['kubelet', 'kube-proxy', 'coredns'].map((name) => stopDaemon(name)))
  await stopContainerd(log)
  await Promise.all(['kube-scheduler', 'kube-controller-manager'].map((name) => stopDaemon(name)))
  await stopDaemon('kube-apiserver', 3000)
  await stopDaemon('etcd', 3000)
  for (const name of daemons()) await stopDaemon(name)
  await removeNetwork()
  await unmountLeftovers()
  removeCgroups()
  if (!existsSync(runDir)) return
  for (const entry of readdirSync(runDir)) {
    if (join(runDir, entry) !== logsDir) rmSync(join(runDir, entry), { recursive: true, force: true })
  }
}

/** Starts a fresh one-node Kubernetes with the images imported, unless it runs already; then only imports. */
export const up = async (log: Log, archives: readonly ImageArchive[]): Promise<void> => {
  if (await isUp()) {
    log('the cluster is up already')
    await importImages(log, archives)
    return
  }
  await step(log, 'clear what an earlier run left', () => down(log))
  rmSync(logsDir, { recursive: true, force: true })
  mkdirSync(runDir, { recursive: true })
  const nodeAddress = hostAddress()
  await step(log, 'certificates', () => makePki(nodeAddress))
  prepareNetwork()
  startEtcd()
  const containers = step(log, 'containerd', startContainerd).then(() => importImages(log, archives))
  // Not to be reported as unhandled when the control plane fails first.
  containers.catch(() => {})
  await step(log, 'control plane', () => startControlPlane(nodeAddress))
  await containers
  await step(log, 'node', () => startNode(nodeAddress))
  const images = Object.fromEntries(archives.map(({ tag, hash }) => [tag, hash]))
  const info: ClusterInfo = { kubeconfigPath, nodeAddress, runDir, images }
  writeFileSync(clusterFile, JSON.stringify(info, null, 2))
}
