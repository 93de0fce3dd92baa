import { readdirSync, readFileSync } from 'node:fs'
import type { Cluster } from './cluster.ts'
import { containerStatus, getPod, type PodRef } from './pods.ts'

/** The pid on the host of a container's first process, found by the container's id in its cgroup. */
export const hostPid = async (cluster: Cluster, ref: PodRef, container: string): Promise<number> => {
  const id = containerStatus(await getPod(cluster, ref), container)?.containerID?.split('//')[1]
  if (!id) throw new Error(`${ref.pod}: ${container} has no id yet`)
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const own = pids.filter((pid) => cgroups(pid).includes(id)).map(Number)
  const first = own.sort((a, b) => a - b)[0]
  if (first === undefined) throw new Error(`${ref.pod}: no process of ${container} on this host`)
  return first
}

const cgroups = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  } catch {
    return ''
  }
}
