import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The programs that the suggested commands call. */
const called = ['kubectl', 'spark-submit', 'spark-nanny', 'grep', 'less'] as const
/** A program that no suggested command calls. Hostile words of the tests try to. */
export const intruder = 'intruder'

/** The shells of this machine that the commands are tried in. */
export const shells: readonly string[] = ['/bin/sh', '/bin/bash', '/bin/zsh', '/bin/busybox'].filter(existsSync)

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
    for (const name of [...called, intruder]) {
      writeFileSync(join(dir, 'bin', name), `#!/bin/sh\necho "\${0##*/} $#" >> '${log}'\n`)
      chmodSync(join(dir, 'bin', name), 0o755)
    }
    const script = join(dir, 'script')
    writeFileSync(script, `${commands.join('\n')}\n`)
    const words = shell.endsWith('busybox') ? ['sh'] : []
    const options = {
      cwd: join(dir, 'cwd'),
      env: { PATH: join(dir, 'bin'), HOME: dir },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    } as const
    execFileSync(shell, [...words, '-n', script], options)
    execFileSync(shell, [...words, script], options)
    const calls = readFileSync(log, 'utf8').split('\n').filter((line) => line !== '').toSorted()
    return { calls, files: readdirSync(join(dir, 'cwd')) }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
