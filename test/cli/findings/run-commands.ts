import { type ExecFileSyncOptions, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The programs that the suggested commands call. */
const called = ['kubectl', 'spark-submit', 'spark-nanny', 'grep', 'less', 'unzip', 'openssl'] as const
/** A program that no suggested command calls. Hostile words of the tests try to. */
export const intruder = 'intruder'

/** The shells of this machine that the commands are tried in. */
export const shells: readonly string[] = ['/bin/sh', '/bin/bash', '/bin/zsh'].filter(existsSync)

/** One line for each program that ran: its name and the number of its arguments, sorted, because pipes run at once. */
export interface ShellRun {
  readonly calls: readonly string[]
  /** Files that the commands created, through a redirection. */
  readonly files: readonly string[]
}

/**
 * Checks the commands with `sh -n`, then runs them one by one in an empty folder with a PATH that has only programs that
 * write down their name and the number of their arguments.
 */
export function runCommands(shell: string, commands: readonly string[]): ShellRun {
  const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-commands-'))
  try {
    const log = join(dir, 'calls')
    mkdirSync(join(dir, 'bin'))
    mkdirSync(join(dir, 'cwd'))
    writeFileSync(log, '')
    const script = join(dir, 'script')
    const programs = [...called, intruder]
    // A function is much faster than a process. A name with a dash cannot be one in every shell.
    const functions = programs.filter((name) => !name.includes('-'))
    const record = (name: string) => `echo "${name} $#" >> '${log}'`
    for (const name of programs.filter((one) => one.includes('-'))) {
      writeFileSync(join(dir, 'bin', name), `#!/bin/sh\n${record(name)}\n`, { mode: 0o755 })
    }
    const definitions = functions.map((name) => `${name}() { ${record(name)}; }`)
    writeFileSync(script, [...definitions, ...commands, 'exit 0', ''].join('\n'))
    const options: ExecFileSyncOptions = {
      cwd: join(dir, 'cwd'),
      env: { PATH: join(dir, 'bin'), HOME: dir },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    }
    execFileSync(shell, ['-n', script], options)
    execFileSync(shell, [script], options)
    const calls = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .toSorted()
    return { calls, files: readdirSync(join(dir, 'cwd')) }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
