import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { binDir, logsDir, pidsDir } from './paths.ts'

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly timeoutMs?: number
  /** Exit codes other than 0 that do not count as failures. */
  readonly accept?: readonly number[]
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** PATH with the harness's binaries first, and with the folders of root's tools. */
export const environment = (extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${binDir}:${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`,
  ...extra,
})

const running = new Set<ChildProcess>()

let interrupted = false

/** Handles an interruption: stops every command that `run` waits for and prevents further daemons from starting. */
export const stopRunning = (): void => {
  interrupted = true
  for (const child of running) child.kill('SIGTERM')
}

const tail = (text: string, lines: number): string => text.trimEnd().split('\n').slice(-lines).join('\n')

/** Runs a command. Rejects with the end of its output if it fails or takes too long. */
export const run = (command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: environment(options.env),
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    running.add(child)
    const out: Buffer[] = []
    const err: Buffer[] = []
    let timedOut = false
    const timer = options.timeoutMs
      ? setTimeout(() => {
          timedOut = true
          child.kill('SIGKILL')
        }, options.timeoutMs)
      : undefined
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    // A command may end without reading its input. Its exit code shows the failure.
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input)
    child.on('error', (error) => {
      running.delete(child)
      clearTimeout(timer)
      reject(new Error(`${command}: ${error.message}`))
    })
    child.on('close', (exitCode, signal) => {
      running.delete(child)
      clearTimeout(timer)
      const stdout = Buffer.concat(out).toString()
      const stderr = Buffer.concat(err).toString()
      const code = exitCode ?? 128
      if (exitCode === 0 || (exitCode !== null && options.accept?.includes(exitCode))) resolve({ code, stdout, stderr })
      else {
        const why = timedOut ? `no end after ${options.timeoutMs} ms` : (signal ?? `exit code ${code}`)
        reject(new Error(`${command} ${args.join(' ')}: ${why}\n${tail(stderr || stdout, 25)}`))
      }
    })
  })

/** True when the command can be found. */
export const commandExists = (name: string): boolean =>
  (environment().PATH ?? '').split(':').some((folder) => folder !== '' && existsSync(join(folder, name)))

/** The start time in a process's stat line distinguishes it from a later process with the same pid. */
const startTime = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

const pidFile = (name: string): string => join(pidsDir, name)

/** The pid of the daemon with this name, if the started process is still running. */
export const daemonPid = (name: string): number | undefined => {
  try {
    const [pid, started] = readFileSync(pidFile(name), 'utf8').trim().split(' ')
    return pid && started && startTime(Number(pid)) === started ? Number(pid) : undefined
  } catch {
    return undefined
  }
}

/** The names of all daemons that were started and not yet stopped. */
export const daemons = (): string[] => (existsSync(pidsDir) ? readdirSync(pidsDir) : [])

/** Starts a process that outlives this one. Its output is run/logs/<name>.log, its pid is in run/pids/<name>. */
export const startDaemon = (
  name: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): void => {
  if (daemonPid(name) !== undefined) return
  if (interrupted) throw new Error('interrupted')
  mkdirSync(logsDir, { recursive: true })
  mkdirSync(pidsDir, { recursive: true })
  const output = openSync(join(logsDir, `${name}.log`), 'a')
  const child = spawn(command, args, { detached: true, stdio: ['ignore', output, output], env: environment(env) })
  closeSync(output)
  child.on('error', () => {})
  child.unref()
  if (child.pid === undefined) throw new Error(`${name}: ${command} does not start`)
  writeFileSync(pidFile(name), `${child.pid} ${startTime(child.pid) ?? ''}\n`)
}

const signalTo = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile.
  }
}

/** Stops the process with SIGTERM, and with SIGKILL after `graceMs`. */
export const stopPid = async (pid: number, graceMs: number): Promise<void> => {
  const started = startTime(pid)
  const alive = () => started !== undefined && startTime(pid) === started
  if (!alive()) return
  signalTo(pid, 'SIGTERM')
  for (let waited = 0; alive() && waited < graceMs; waited += 50) await sleep(50)
  if (!alive()) return
  signalTo(pid, 'SIGKILL')
  for (let waited = 0; alive() && waited < 5000; waited += 50) await sleep(50)
}

export const stopDaemon = async (name: string, graceMs = 10_000): Promise<void> => {
  const pid = daemonPid(name)
  if (pid !== undefined) await stopPid(pid, graceMs)
  rmSync(pidFile(name), { force: true })
}

/** The end of a daemon's log, for error messages. */
export const daemonLog = (name: string, lines = 15): string => {
  try {
    return tail(readFileSync(join(logsDir, `${name}.log`), 'utf8'), lines)
  } catch {
    return '(no log)'
  }
}

export interface Waiting {
  readonly what: string
  readonly timeoutMs: number
  readonly everyMs?: number
}

/** Repeats `probe` until it returns a value. After the deadline, rejects with `what` and the last failure. */
export const waitFor = async <T>(
  { what, timeoutMs, everyMs = 250 }: Waiting,
  probe: () => Promise<T | undefined>,
): Promise<T> => {
  const end = performance.now() + timeoutMs
  let failure = ''
  for (;;) {
    try {
      const found = await probe()
      if (found !== undefined) return found
      failure = ''
    } catch (error) {
      failure = `: ${error instanceof Error ? error.message : String(error)}`
    }
    if (performance.now() > end) throw new Error(`${what}: not after ${timeoutMs / 1000} s${failure}`)
    await sleep(everyMs)
  }
}
