import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** USER_HZ of every Linux architecture that Node runs on. */
const msPerTick = 10

/** The share of one core that a process uses during `durationMs`, user and system time. */
export async function cpuPercentOver(pid: number, durationMs: number): Promise<number> {
  const [cpuBeforeMs, beganMs] = [cpuMs(pid), performance.now()]
  await sleep(durationMs)
  return ((cpuMs(pid) - cpuBeforeMs) / (performance.now() - beganMs)) * 100
}

/** CPU time of a process since its start, user and system, to 10 ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * msPerTick
}

/** CPU time of the threads of a process since their start, to the nanosecond: ticks are too coarse for a poll each 5 s. */
export function cpuNs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const times = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  return times.reduce((sum, ns) => sum + Number(ns), 0)
}

/** A field of /proc/PID/status in MiB, in which Kubernetes counts memory. */
export function statusMb(pid: number, field: 'RssAnon' | 'VmRSS' | 'VmHWM'): number {
  const kb = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return rounded(Number(kb) / 1024, 1)
}

export const rounded = (value: number, digits: number) => Number(value.toFixed(digits))
