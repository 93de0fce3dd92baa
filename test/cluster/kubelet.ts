import { spawn } from 'node:child_process'
import type { Cluster } from './cluster.ts'
import { nodeName } from './kubernetes/names.ts'
import { daemonPid, waitFor } from './processes.ts'

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
