import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { probeScript } from '../../admission/probe-script.ts'
import { parseProcessRecord } from '../../core/linux/process-record.ts'

/** The shells of this machine that may be `/bin/sh` of an image. */
export const shells: readonly (readonly string[])[] = [['/bin/dash'], ['/bin/bash'], ['/bin/busybox', 'sh']].filter(
  ([path = '']) => existsSync(path),
)

export type Shell = readonly string[]

export interface ProbeRun {
  readonly shell?: Shell
  readonly processes?: 'own' | 'shared'
  readonly env?: Readonly<Record<string, string>>
}

/** The start of the container's main process. */
export const mainStart = '4711'

/**
 * What a probe finds in a driver's container. `/proc` is a folder that shows only the processes that the test adds, so that
 * the script can see and signal no others.
 */
export function createProbeContainer(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-probes-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const path = (...names: readonly string[]) => join(dir, ...names)
  for (const name of ['volume', 'proc/1', 'proc/self', 'cgroup/cpu', 'cgroup/memory']) {
    mkdirSync(path(name), { recursive: true })
  }
  symlinkSync('/proc/self/cgroup', path('proc/self/cgroup'))
  const paths: readonly (readonly [string, string])[] = [
    ['/var/run/spark-nanny', path('volume')],
    ['/proc/', path('proc/')],
    ['/sys/fs/cgroup/', path('cgroup/')],
  ]
  const script = paths.reduce((text, [from, to]) => text.replaceAll(from, to), probeScript)

  const command = (probe: string, { shell = ['/bin/sh'], processes = 'own' }: ProbeRun): readonly string[] => [
    ...shell,
    '-c',
    script,
    probe,
    path('message'),
    processes,
  ]
  const container = {
    path,
    /** The exit code of a probe. */
    run(probe: 'startup' | 'liveness', run: ProbeRun = {}): number | null {
      const [file = '', ...args] = command(probe, run)
      // No PATH: the script must not need any program.
      return spawnSync(file, args, { env: { PATH: '/nonexistent', ...run.env } }).status
    },
    write: (name: string, text: string) => writeFileSync(path(name), text),
    read: (name: string) => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : null),
    hung: (text: string | null) =>
      text === null ? rmSync(path('volume/hung'), { force: true }) : writeFileSync(path('volume/hung'), text),
    record: () => parseProcessRecord(readFileSync(path('volume/processes'), 'utf8')),
    /** Shows a process of this machine in `/proc`. */
    show: (pid: number) => symlinkSync(`/proc/${pid}`, path('proc', String(pid))),
    /** Adds a process that does not exist. */
    fake(pid: number, comm: string, files: Readonly<Record<string, string>> = {}) {
      const own = readFileSync('/proc/self/cgroup', 'utf8')
      mkdirSync(path('proc', String(pid)), { recursive: true })
      const all = { comm: `${comm}\n`, stat: statOf(mainStart, comm, pid), cgroup: own, cmdline: '', ...files }
      for (const [name, text] of Object.entries(all)) writeFileSync(path('proc', String(pid), name), text)
    },
  }
  writeFileSync(path('proc/1/stat'), statOf(mainStart))
  return container
}

/** A line of /proc/PID/stat. */
export const statOf = (ticks: string, comm = 'sh', pid = 1): string =>
  `${pid} (${comm}) S 0 1 1 0 -1 4194560 1 0 0 0 10 5 0 0 20 0 30 0 ${ticks} 5000000 1000 18446744073709551615\n`

/** A process that was started for one test, and its exit code as a shell reports it. */
export interface TestProcess {
  readonly pid: number
  readonly exitCode: () => number | null
  readonly output: () => string
}

/** Starts a process, and ends it after the test. */
export function startProcess(t: TestContext, file: string, args: readonly string[]): TestProcess {
  const child: ChildProcess = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return {
    pid: child.pid ?? 0,
    exitCode: () => child.exitCode ?? (child.signalCode === null ? null : 128 + (signalNumbers[child.signalCode] ?? 0)),
    output: () => output,
  }
}

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGQUIT: 3, SIGKILL: 9, SIGALRM: 14 }

export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
    await sleep(20)
  }
}
