import { spawn } from 'node:child_process'
import type { Cluster } from './cluster.ts'
import { nodeName } from './kubernetes/names.ts'
import { getPod, type PodRef } from './pods.ts'
import { daemonPid, waitFor } from './processes.ts'
import { sidecarStatus } from './sidecar.ts'

/** The kubelet is resumed after this time, however the test ends. */
const resumeAfterSeconds = 360

/**
 * Freezes the kubelet: it neither acts nor reports, and containers keep running. Returns a function that resumes the
 * kubelet and that may be called repeatedly.
 */
export const pauseKubelet = (): (() => void) => {
  const pid = daemonPid('kubelet')
  if (pid === undefined) throw new Error('there is no kubelet')
  const resume = () => {
    process.kill(pid, 'SIGCONT')
    process.off('exit', resume)
  }
  // A killed test cannot resume the kubelet itself.
  spawn('sh', ['-c', `sleep ${resumeAfterSeconds}; kill -CONT ${pid}`], { detached: true, stdio: 'ignore' }).unref()
  process.on('exit', resume)
  process.kill(pid, 'SIGSTOP')
  return resume
}

/** Waits until the node controller has given the node's Ready condition this status. */
export const waitForNode = (cluster: Cluster, status: 'True' | 'Unknown', timeoutMs: number): Promise<true> =>
  waitFor({ what: `the node’s Ready is ${status}`, timeoutMs, everyMs: 500 }, async () => {
    const node = await cluster.core.readNode({ name: nodeName })
    return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === status ? true : undefined
  })

/**
 * Adds a Node without a machine that is Ready and accepts no pods. If all nodes are unavailable, Kubernetes evicts no pods
 * (FullDisruption of the node lifecycle controller). Returns a function that removes the Node.
 */
export const addStandbyNode = async (cluster: Cluster, name: string): Promise<() => Promise<void>> => {
  const now = () => new Date().toISOString()
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: 'kube-node-lease' },
  }
  const renewTime = () => ({
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: now().replace('Z', '000Z') },
  })
  await cluster.objects.create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { unschedulable: true },
  } as object)
  await cluster.objects.create({ ...lease, ...renewTime() } as object)
  const times = { lastHeartbeatTime: now(), lastTransitionTime: now() }
  const conditions = [{ type: 'Ready', status: 'True', reason: 'Standby', message: 'it has no kubelet', ...times }]
  await cluster.kubectl([
    ...['patch', 'node', name, '--subresource=status', '--type=merge', '-p'],
    JSON.stringify({ status: { conditions } }),
  ])
  const renew = () =>
    cluster
      .kubectl(['-n', 'kube-node-lease', 'patch', 'lease', name, '--type=merge', '-p', JSON.stringify(renewTime())])
      .catch(() => {})
  const timer = setInterval(renew, 8_000).unref()
  return async () => {
    clearInterval(timer)
    await cluster.kubectl(['delete', 'node', name, '--ignore-not-found'])
    await cluster.kubectl(['-n', 'kube-node-lease', 'delete', 'lease', name, '--ignore-not-found'])
  }
}

/** Writes the status that the frozen kubelet would have written: the sidecar ended with exit code 88 at `atMs`. */
export const writeSidecarExit = async (cluster: Cluster, ref: PodRef, atMs: number): Promise<void> => {
  const pod = await getPod(cluster, ref)
  const statuses = (pod?.status?.initContainerStatuses ?? []).map((status) => {
    const { containerID = '', state } = status
    const startedAt = state?.running?.startedAt
    const terminated = { exitCode: 88, reason: 'Error', containerID, startedAt, finishedAt: new Date(atMs) }
    return { ...status, ready: false, started: false, state: { terminated } }
  })
  await cluster.kubectl([
    '-n',
    ref.namespace,
    'patch',
    'pod',
    ref.pod,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify({ status: { initContainerStatuses: statuses } }),
  ])
}

/** Resolves with the time at which the sidecar's port is closed, which shows that the sidecar has ended. */
export const sidecarEnd = (cluster: Cluster, ref: PodRef): Promise<number> =>
  waitFor({ what: `the sidecar of ${ref.pod} ends`, timeoutMs: 60_000 }, () =>
    sidecarStatus(cluster, ref).then(
      () => undefined,
      () => Date.now(),
    ),
  )
