import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The processes of the benchmark, each with its log in `dir`. They are stopped in reverse order. */
export interface Processes {
  start(
    name: string,
    command: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): { readonly child: ChildProcess; readonly logFile: string }
  stop(): Promise<void>
}

export function processesIn(dir: string): Processes {
  const children: ChildProcess[] = []
  return {
    start: (name, command, args, env = {}) => {
      const logFile = join(dir, `${name}.log`)
      const output = openSync(logFile, 'w')
      const child = spawn(command, args, {
        env: { PATH: process.env.PATH ?? '', HOME: dir, ...env },
        stdio: ['ignore', output, output],
      })
      closeSync(output)
      child.on('error', (error) => console.error(`${name}: ${error.message}`))
      children.push(child)
      return { child, logFile }
    },
    stop: async () => {
      for (const child of children.reverse()) await endProcess(child)
    },
  }
}

/** Stops a process with SIGTERM, and with SIGKILL after 10 s. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  // A paused process handles SIGTERM only after it is resumed.
  child.kill('SIGCONT')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(timer)
}

/** Repeats the check until it succeeds. After the timeout, rejects with the end of the process's log. */
export async function until(
  what: string,
  timeoutMs: number,
  logFile: string,
  isSo: () => Promise<boolean>,
): Promise<void> {
  for (const endMs = performance.now() + timeoutMs; performance.now() < endMs; await sleep(100)) {
    if (await isSo()) return
  }
  throw new Error(`${what}: not within ${timeoutMs / 1000} s: ${readFileSync(logFile, 'utf8').slice(-2_000)}`)
}
