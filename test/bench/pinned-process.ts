import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** A child process pinned to one core, if there are at least two cores and `taskset` exists. */
export function spawnPinned(
  core: number,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdio: ['ignore', number | 'ignore', 'inherit'] | ['ignore', 'inherit', 'inherit', 'ipc'],
): ChildProcess {
  const command = canPin ? 'taskset' : process.execPath
  const pinned = canPin ? ['-c', String(core), process.execPath, ...args] : args
  return spawn(command, pinned, { env: { PATH: process.env.PATH ?? '', ...env }, stdio })
}

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0

/** The port of a server that logs `{"event":"listening","port":…}` into a file. */
export async function listeningPort(child: ChildProcess, logFile: string): Promise<number> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    // Only complete lines, because a truncated port is another port.
    const lines = readFileSync(logFile, 'utf8').split('\n').slice(0, -1)
    const line = lines.find((text) => text.includes('"listening"'))
    if (line !== undefined) return Number(/"port":(\d+)/.exec(line)?.[1])
    if (child.exitCode !== null) break
    await sleep(50)
  }
  throw new Error(`the server did not listen: ${readFileSync(logFile, 'utf8').slice(-2000)}`)
}

/** Current and maximum resident memory in MiB, the unit of Kubernetes. */
export function residentMb(pid: number): { readonly nowMb: number; readonly peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mb = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024
  return { nowMb: mb('VmRSS'), peakMb: mb('VmHWM') }
}
