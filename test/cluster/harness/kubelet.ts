import { spawn } from 'node:child_process'
import type { Cluster } from './cluster.ts'
import { nodeName } from './kubernetes/names.ts'
import { getPod, type PodRef } from './pods.ts'
import { daemonPid, waitFor } from './processes.ts'
import { sidecarStatus } from './sidecar.ts'

/** However a test ends, the kubelet of all tests goes on after this. */
const goesOnAfterSeconds = 360

/**
 * Stops the kubelet as a process that is frozen: it neither acts nor tells, and containers run on. Gives what lets it
 * go on, which may be called again.
 */
export const pauseKubelet = (): (() => void) => {
  const pid = daemonPid('kubelet')
  if (pid === undefined) throw new Error('there is no kubelet')
  const resume = () => {
    process.kill(pid, 'SIGCONT')
    process.off('exit', resume)
  }
  // A test that is killed cannot do it any more.
  spawn('sh', ['-c', `sleep ${goesOnAfterSeconds}; kill -CONT ${pid}`], { detached: true, stdio: 'ignore' }).unref()
  process.on('exit', resume)
  process.kill(pid, 'SIGSTOP')
  return resume
}

/** Waits until the node controller has, or has not, heard of the node for long. */
export const waitForNode = (cluster: Cluster, status: 'True' | 'Unknown', timeoutMs: number): Promise<true> =>
  waitFor({ what: `the node’s Ready is ${status}`, timeoutMs, everyMs: 500 }, async () => {
    const node = await cluster.core.readNode({ name: nodeName })
    return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === status ? true : undefined
  })

/**
 * A Node without a machine that is Ready, and takes no pods. Where all nodes are away Kubernetes evicts from none: it takes
 * the fault for its own (FullDisruption of the node lifecycle controller). Gives what removes it.
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
export const tellOfExit = async (cluster: Cluster, ref: PodRef, atMs: number): Promise<void> => {
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
