import { readdirSync, readFileSync } from 'node:fs'
import type { Cluster } from './cluster.ts'
import { containerStatus, getPod, type PodRef } from './pods.ts'

/**
 * The pid on the host of a container's first process, found by the container's id in its cgroup. With `command`, the first
 * that has this name.
 */
export const hostPid = async (cluster: Cluster, ref: PodRef, container: string, command?: string): Promise<number> => {
  const id = containerStatus(await getPod(cluster, ref), container)?.containerID?.split('//')[1]
  if (!id) throw new Error(`${ref.pod}: ${container} has no id yet`)
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const own = pids
    .filter(
      (pid) => read(pid, 'cgroup').includes(id) && (command === undefined || read(pid, 'comm').trim() === command),
    )
    .map(Number)
  const first = own.sort((a, b) => a - b)[0]
  if (first === undefined) throw new Error(`${ref.pod}: no process of ${container} on this host`)
  return first
}

const read = (pid: string, file: 'cgroup' | 'comm'): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
