/** What the probes do to real JVMs. The script sees only the processes that a test shows it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import {
  createProbeContainer,
  mainStart,
  type ProbeRun,
  type Shell,
  shells,
  startProcess,
  type TestProcess,
  until,
} from './probe-container.ts'

const programs = ['/usr/bin/java', '/usr/bin/javac']
const skip = programs.every((path) => existsSync(path)) ? false : 'no JDK on this machine'
const submit = 'org.apache.spark.deploy.SparkSubmit'
const withSleep: ProbeRun = { env: { PATH: '/usr/bin:/bin' } }
const hung = (signal: string) => `${mainStart}\n${signal}\nfrozen: no answer for 20 s\n`

describe('the probes of a real JVM', { skip, concurrency: 2 }, () => {
  const classes = mkdtempSync(join(tmpdir(), 'spark-nanny-classes-'))
  before(() => execFileSync('javac', ['-d', classes, join(import.meta.dirname, 'SparkSubmit.java')]))
  after(() => rmSync(classes, { recursive: true, force: true }))

  interface Jvm {
    readonly pid: number
    readonly parent: TestProcess
    readonly state: () => string
    /** The exit code that the parent has seen; null while the JVM runs. */
    readonly exitCode: () => number | null
  }

  /** A shell that starts a JVM, waits for it and prints its exit code, as a driver's container does. */
  async function startJvm(t: TestContext, args: readonly string[], prelude = ''): Promise<Jvm> {
    // In the foreground, because a shell without job control starts others with SIGQUIT ignored.
    const java = `exec java -Xmx32m -XX:TieredStopAtLevel=1 -cp ${classes} ${args.join(' ')}`
    const line = `${prelude} (echo "pid $BASHPID"; ${java}); echo "code $?"`
    const parent = startProcess(t, '/bin/bash', ['-c', line])
    await until('the JVM is up', () => /^up$/m.test(parent.output()) && /^pid \d+$/m.test(parent.output()))
    const pid = Number(/^pid (\d+)$/m.exec(parent.output())?.[1])
    t.after(() => end(pid))
    return {
      pid,
      parent,
      state: () => /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1] ?? '',
      exitCode: () => {
        const code = /^code (\d+)$/m.exec(parent.output())?.[1]
        return code === undefined ? null : Number(code)
      },
    }
  }

  /** A container in which the probes see these JVMs. */
  function show(t: TestContext, shell: Shell, ...jvms: readonly Jvm[]) {
    const container = createProbeContainer(t)
    for (const { pid } of jvms) container.show(pid)
    return { ...container, probe: (run: ProbeRun = withSleep) => container.run('liveness', { shell, ...run }) }
  }

  for (const shell of shells) {
    const name = shell.join(' ')

    test(`${name}: a verdict about this driver → 142, its reason is in the message, and no other JVM is touched`, async (t) => {
      const [driver, other] = await Promise.all([startJvm(t, [submit]), startJvm(t, ['-Dx=y', submit])])
      const unrelated = createProbeContainer(t)
      unrelated.show(other.pid)
      const { probe, write, read, record } = show(t, shell, driver)
      assert.equal(probe(), 0)
      const start = record()?.jvm?.startTicks
      assert.match(start ?? '', /^\d+$/)
      write('volume/hung', hung(`ALRM ${start}0`))
      assert.equal(probe(), 0)
      write('volume/hung', hung(`ALRM ${start}`))
      assert.equal(probe(), 1)
      await until('the driver has ended', () => driver.exitCode() !== null)
      assert.equal(driver.exitCode(), 142)
      assert.equal(read('message'), 'frozen: no answer for 20 s\n')
      assert.equal(other.exitCode(), null)
    })

    test(`${name}: a JVM that does not run SparkSubmit → gets no signal beside the driver’s`, async (t) => {
      const driver = await startJvm(t, [submit, 'deadlock'])
      const plain = await startJvm(t, ['org.apache.spark.deploy.Plain'])
      const { probe, write } = show(t, shell, driver, plain)
      write('volume/hung', hung('ALRM'))
      assert.equal(probe(), 1)
      await until('the deadlocked driver has ended', () => driver.exitCode() !== null)
      assert.deepEqual([driver.exitCode(), plain.exitCode()], [142, null])
    })

    test(`${name}: a stopped JVM → is recorded as stopped, and ends with 142`, async (t) => {
      const driver = await startJvm(t, [submit])
      const { probe, write, record } = show(t, shell, driver)
      process.kill(driver.pid, 'SIGSTOP')
      await until('it is stopped', () => driver.state() === 'T')
      assert.equal(probe(), 0)
      assert.equal(record()?.jvm?.state, 'stopped')
      write('volume/hung', hung('ALRM'))
      assert.equal(probe(), 1)
      await until('the driver has ended', () => driver.exitCode() !== null)
      assert.equal(driver.exitCode(), 142)
    })

    test(`${name}: a debug agent that the entrypoint sets unseen → is recorded during a doubt`, async (t) => {
      const agent = '-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:0'
      const driver = await startJvm(t, [submit], `export JAVA_TOOL_OPTIONS=${agent};`)
      const { probe, write, record } = show(t, shell, driver)
      assert.equal(probe(), 0)
      assert.equal(record()?.jvm?.hasDebugAgent, false)
      write('volume/doubt', 'first\n')
      assert.equal(probe(), 0)
      assert.equal(record()?.jvm?.hasDebugAgent, true)
    })

    test(`${name}: a JVM that ignores SIGALRM → SIGKILL, but not without sleep`, async (t) => {
      const driver = await startJvm(t, [submit], "trap '' ALRM;")
      const { probe, write } = show(t, shell, driver)
      write('volume/hung', hung('ALRM'))
      if (!shell.includes('/bin/busybox')) {
        assert.equal(probe({}), 1)
        assert.equal(driver.exitCode(), null)
      }
      assert.equal(probe(), 1)
      await until('the driver has ended', () => driver.exitCode() !== null)
      assert.equal(driver.exitCode(), 137)
    })

    test(`${name}: a verdict with KILL → 137, with another word or about another driver → lives`, async (t) => {
      const driver = await startJvm(t, [submit])
      const { probe, write } = show(t, shell, driver)
      for (const text of [hung('HUP'), hung('ALRM;'), hung(''), '*\nALRM\nx\n', `1${hung('ALRM')}`, '\nALRM\n']) {
        write('volume/hung', text)
        probe()
        assert.equal(driver.exitCode(), null, text)
      }
      write('volume/hung', hung('KILL'))
      assert.equal(probe(), 1)
      await until('the driver has ended', () => driver.exitCode() !== null)
      assert.equal(driver.exitCode(), 137)
    })

    test(`${name}: a doubt → one thread dump, and another one for the next doubt`, async (t) => {
      const driver = await startJvm(t, [submit, 'deadlock'])
      const { probe, write, read, record } = show(t, shell, driver)
      const dumps = () => driver.parent.output().split('Full thread dump').length - 1
      assert.equal(probe(), 0)
      write('volume/doubt', 'first\n')
      for (const _ of [1, 2, 3]) assert.equal(probe(), 0)
      assert.equal(read('volume/quit'), 'first\n')
      assert.equal(record()?.jvm?.waitsForDisk, false)
      await until('the dump', () => dumps() === 1)
      await until('the deadlock is named', () => driver.parent.output().includes('Found one Java-level deadlock'))
      write('volume/doubt', 'second\n')
      for (const _ of [1, 2, 3]) assert.equal(probe(), 0)
      await until('the second dump', () => dumps() === 2)
      assert.equal(driver.exitCode(), null)
    })

    test(`${name}: a doubt about a JVM with -Xrs → no SIGQUIT, of which it would die`, async (t) => {
      const driver = await startJvm(t, ['-Xrs', submit])
      const { probe, write, read } = show(t, shell, driver)
      write('volume/doubt', 'first\n')
      for (const _ of [1, 2]) assert.equal(probe(), 0)
      assert.equal(read('volume/quit'), null)
      assert.equal(driver.exitCode(), null)
      process.kill(driver.pid, 'SIGQUIT')
      await until('it dies of SIGQUIT', () => driver.exitCode() !== null)
      assert.equal(driver.exitCode(), 131)
    })
  }
})

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}
