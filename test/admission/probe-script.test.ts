import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { probeScript } from '../../admission/probe-script.ts'
import { createProbeContainer, mainStart, shells, statOf } from './probe-container.ts'

const submit = 'java\0-cp\0/opt/spark/conf:/opt/spark/jars/*\0org.apache.spark.deploy.SparkSubmit\0--class\0a.B\0'
const launcher = 'java\0-cp\0/opt/spark/jars/*\0org.apache.spark.launcher.Main\0org.apache.spark.deploy.SparkSubmit\0'
const hungNow = `${mainStart}\nNONE\nfrozen: no answer\n`

describe('the script of the probes', () => {
  test('its text → contains nothing that the kubelet expands', () => {
    assert.doesNotMatch(probeScript, /\$\(|\$\$/)
  })

  test('its size → is below 2.5 kB, because it is part of every pod twice', () => {
    assert.ok(probeScript.length < 2_500, `${probeScript.length}`)
  })
})

for (const shell of shells) {
  const container = (t: TestContext) => {
    const all = createProbeContainer(t)
    const both = () => [all.run('startup', { shell }), all.run('liveness', { shell })]
    const record = () => {
      assert.deepEqual(both(), [0, 0])
      return all.record()
    }
    return { ...all, both, record }
  }

  describe(`the verdict of a probe in ${shell.join(' ')}`, () => {
    const rows: readonly [string, string | null, readonly number[]][] = [
      ['no verdict', null, [0, 0]],
      ['a verdict about this driver', hungNow, [0, 1]],
      ['a verdict about any driver', '*\nALRM\nfrozen\n', [0, 1]],
      ['a verdict about an earlier driver', '4710\nALRM\nfrozen\n', [0, 0]],
      ['a verdict about a later driver', '47110\nALRM\nfrozen\n', [0, 0]],
      ['an empty verdict', '', [0, 0]],
      ['a verdict about nothing', '\nALRM\nfrozen\n', [0, 0]],
      ['a pattern instead of a start', '[0-9]*\nALRM\nfrozen\n', [0, 0]],
    ]
    for (const [name, hung, expected] of rows) {
      test(`${name} → ${expected.join(' and ')}`, (t) => {
        const { hung: write, both } = container(t)
        write(hung)
        assert.deepEqual(both(), expected)
      })
    }

    test('a verdict that names the JVM → not about another one in the same container', (t) => {
      const { hung, both, fake, path } = container(t)
      const verdict = (jvm: string) => hung(`${mainStart}\nNONE ${jvm}\nfrozen\n`)
      verdict('5000')
      assert.deepEqual(both(), [0, 1], 'there is no JVM any more')
      fake(7, 'java', { cmdline: submit, stat: statOf('5000', 'java', 7) })
      assert.deepEqual(both(), [0, 1])
      for (const other of ['4999', '500', '50000', '*', '7', 'j']) {
        verdict(other)
        assert.deepEqual(both(), [0, 0], other)
      }
      verdict('5000')
      rmSync(path('proc/7'), { recursive: true })
      fake(8, 'java', { cmdline: submit, stat: statOf('6000', 'java', 8) })
      assert.deepEqual(both(), [0, 0], 'another JVM')
    })

    test('any text → fails only if its first line is this start or the one for any driver', (t) => {
      const { hung, run } = container(t)
      const word = fc.constantFrom(
        mainStart,
        '*',
        '4710',
        '?',
        '[4]711',
        '"',
        "'",
        '$(exit 1)',
        '`',
        '\\',
        ';',
        '-n',
        'é',
      )
      const line = fc.array(fc.oneof(word, fc.constantFrom(' ', '\t'), fc.string()), { maxLength: 3 })
      const text = fc.array(
        line.map((words) => words.join('').replaceAll(/[\0\n]/g, '')),
        { maxLength: 4 },
      )
      fc.assert(
        fc.property(text, (lines) => {
          hung(lines.join('\n'))
          // The shell drops blanks around a line.
          const first = (lines[0] ?? '').replaceAll(/^[ \t]+|[ \t]+$/g, '')
          assert.equal(run('liveness', { shell }), first === mainStart || first === '*' ? 1 : 0)
        }),
        { numRuns: 100 },
      )
    })

    test('`starting` → only startup fails', (t) => {
      const { write, both } = container(t)
      write('volume/starting', '')
      assert.deepEqual(both(), [1, 0])
    })

    test('no volume, or none that can be written to → passes', (t) => {
      const { path, both, write } = container(t)
      write('volume/hung', hungNow)
      rmSync(path('volume'), { recursive: true })
      assert.deepEqual(both(), [0, 0])
    })

    test('a full volume → the verdict still counts', (t) => {
      const { path, both, write } = container(t)
      spawnSync('ln', ['-s', '/dev/full', path('volume/processes')])
      assert.deepEqual(both(), [0, 0])
      write('volume/hung', hungNow)
      assert.deepEqual(both(), [0, 1])
    })

    test('a command name with spaces and parentheses → the start is read all the same', (t) => {
      const { both, write, hung } = container(t)
      hung(hungNow)
      for (const comm of ['a b', 'x) S 1 (y', 'tini -s', '%s\\n', '*']) {
        write('proc/1/stat', statOf(mainStart, comm))
        assert.deepEqual(both(), [0, 1], comm)
      }
    })

    test('an unknown start → passes, because the verdict may be about another driver', (t) => {
      const { path, both, hung, record } = container(t)
      rmSync(path('proc/1/stat'))
      assert.equal(record()?.mainStartTicks, null)
      hung(hungNow)
      assert.deepEqual(both(), [0, 0])
    })

    test('a shared process namespace → no start is recorded, and only a verdict about any driver counts', (t) => {
      const { run, hung, record: _, read } = container(t)
      const both = () => [
        run('startup', { shell, processes: 'shared' }),
        run('liveness', { shell, processes: 'shared' }),
      ]
      assert.deepEqual(both(), [0, 0])
      assert.equal(read('volume/processes'), '\nend\n')
      hung(hungNow)
      assert.deepEqual(both(), [0, 0])
      hung('*\nALRM\nfrozen\n')
      assert.deepEqual(both(), [0, 1])
    })

    test('an environment with variables of the same names → changes nothing', (t) => {
      const { run, hung, read } = container(t)
      const names = new Set(probeScript.match(/\b[a-z](?==)/g))
      const env = Object.fromEntries([...names].map((name) => [name, '1']))
      assert.equal(run('liveness', { shell, env: { ...env, IFS: '1' } }), 0)
      assert.equal(read('volume/processes'), `${mainStart}\nend\n`)
      hung(hungNow)
      assert.equal(run('liveness', { shell, env }), 1)
    })

    test('options of bash in the environment → change nothing', (t) => {
      const { run, hung, read } = container(t)
      // The shell takes SHELLOPTS only if it is bash.
      const env = { SHELLOPTS: 'errexit:noclobber:noglob:nounset' }
      for (const _ of [1, 2]) {
        assert.deepEqual([run('startup', { shell, env }), run('liveness', { shell, env })], [0, 0])
        assert.equal(read('volume/processes'), `${mainStart}\nend\n`)
      }
      hung(hungNow)
      assert.equal(run('liveness', { shell, env }), 1)
    })

    test('the reason → is appended once to the termination message', (t) => {
      const { both, hung, read, write } = container(t)
      write('message', '')
      both()
      assert.equal(read('message'), '')
      hung(hungNow)
      for (const _ of [1, 2, 3]) both()
      assert.equal(read('message'), 'frozen: no answer\n')
      hung('4710\nALRM\nanother\n')
      both()
      assert.equal(read('message'), 'frozen: no answer\n')
    })
  })

  describe(`the record of a probe in ${shell.join(' ')}`, () => {
    test('a JVM that runs SparkSubmit, python and other processes → all three kinds, without shells', (t) => {
      const { fake, record } = container(t)
      for (const [index, shellName] of ['sh', 'bash', 'dash', 'busybox'].entries()) fake(20 + index, shellName)
      fake(30, 'java', { cmdline: 'java\0org.apache.hadoop.fs.FsShell\0' })
      fake(7, 'java', { cmdline: submit, stat: statOf('5000', 'java', 7) })
      fake(8, 'python3')
      fake(9, 'python', { stat: statOf('1', 'x) y', 9) })
      fake(10, 'javac', { cmdline: submit })
      fake(11, 'my python')
      assert.deepEqual(record(), {
        mainStartTicks: mainStart,
        jvm: {
          startTicks: '5000',
          state: 'sleeping',
          cpuTicks: 15,
          threads: 30,
          hasDebugAgent: false,
          waitsForDisk: null,
        },
        pythonCpuTicks: 30,
        otherCpuTicks: 45,
        throttledUs: null,
        oomKills: null,
      })
    })

    const jvms: readonly [string, Readonly<Record<string, string>>, boolean][] = [
      ['another main class', { cmdline: 'java\0-jar\0x.jar\0' }, false],
      ['a program with a similar name', { cmdline: 'java\0com.example.SparkSubmitter\0' }, false],
      ['Spark’s launcher, which builds the command line', { cmdline: launcher }, false],
      ['an application whose argument names the launcher', { cmdline: `${submit}launcher.Main\0x\0` }, true],
      ['a zombie without a command line', { cmdline: '' }, false],
      ['no file cmdline', {}, false],
      ['arguments of several lines', { cmdline: `java\0-Da=b\nc\nd\0${submit}` }, true],
      ['another container', { cmdline: submit, cgroup: '0::/../other\n' }, false],
      [
        'another container, cgroup v1',
        { cmdline: submit, cgroup: '12:rdma:/\n5:memory:/kubepods/other\n0::/\n' },
        false,
      ],
      ['an unreadable cgroup', { cmdline: submit, cgroup: '' }, false],
      ['a command line of 100 kB', { cmdline: `java\0${'-Dx=y\0'.repeat(15_000)}${submit}` }, true],
    ]
    for (const [name, files, isDriver] of jvms) {
      test(`a JVM of ${name} → ${isDriver ? 'is the driver’s' : 'is not the driver’s'}`, (t) => {
        const { fake, record } = container(t)
        fake(7, 'java', files)
        assert.equal(record()?.jvm?.startTicks, isDriver ? mainStart : undefined)
      })
    }

    const own = { v2: '0::/\n', v1: '12:rdma:/\n6:memory:/pod/driver\n1:name=systemd:/pod/driver\n0::/\n' }
    const groups: readonly [string, string, string, boolean][] = [
      ['v2, the same', own.v2, own.v2, true],
      ['v2, another container', own.v2, '0::/../sidecar\n', false],
      ['v1, the same', own.v1, own.v1, true],
      [
        'v1, another container, of which only memory differs',
        own.v1,
        own.v1.replace('/pod/driver', '/pod/other'),
        false,
      ],
      ['v1, the same but for a controller that exec does not join', own.v1, own.v1.replace('rdma:/', 'rdma:/x'), true],
      ['none', '', '', false],
    ]
    for (const [name, mine, its, isDriver] of groups) {
      test(`cgroup ${name} → ${isDriver ? 'is' : 'is not'} of this container`, (t) => {
        const { fake, record, path, write } = container(t)
        rmSync(path('proc/self/cgroup'))
        write('proc/self/cgroup', mine)
        fake(7, 'java', { cmdline: submit, cgroup: its })
        assert.equal(record()?.jvm !== null, isDriver)
      })
    }

    test('a JVM that is the main process → the driver’s, without SparkSubmit', (t) => {
      const { fake, record } = container(t)
      fake(1, 'java', { cmdline: 'java\0-jar\0driver.jar\0' })
      assert.equal(record()?.jvm?.startTicks, mainStart)
    })

    test('a JVM as the main process that has started a driver → the driver’s, before and after it is known', (t) => {
      const { fake, record, read } = container(t)
      fake(1, 'java', { cmdline: 'java\0-jar\0starter-of-SparkSubmit.jar\0', stat: statOf(mainStart, 'java') })
      for (const _ of [1, 2]) assert.equal(record()?.jvm?.startTicks, mainStart)
      assert.equal(read('volume/jvm'), null)
      fake(7, 'java', { cmdline: submit, stat: statOf('5000', 'java', 7) })
      for (const _ of [1, 2]) assert.equal(record()?.jvm?.startTicks, '5000')
      assert.equal(read('volume/jvm'), '7 5000 j\n')
    })

    test('two that run SparkSubmit → the older one, also if its process id is greater', (t) => {
      const { fake, record } = container(t)
      fake(7, 'java', { cmdline: submit, stat: statOf('10000', 'java', 7) })
      fake(70, 'java', { cmdline: submit, stat: statOf('9000', 'java', 70) })
      for (const _ of [1, 2]) assert.equal(record()?.jvm?.startTicks, '9000')
    })

    test('a JVM that was recorded before → is known without its command line, unless it is another process', (t) => {
      const { fake, record, read } = container(t)
      fake(7, 'java', { cmdline: `${submit}-agentlib:jdwp=x` })
      record()
      assert.equal(read('volume/jvm'), `7 ${mainStart} d\n`)
      fake(7, 'java')
      assert.equal(record()?.jvm?.hasDebugAgent, true)
      fake(7, 'java', { stat: statOf('4712', 'java', 7) })
      assert.equal(record()?.jvm, null)
    })

    for (const name of ['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS']) {
      test(`a debug agent in ${name} → is recorded`, (t) => {
        const { fake, run, record: _, path } = container(t)
        fake(7, 'java', { cmdline: submit })
        run('startup', { shell, env: { [name]: '-agentlib:jdwp=transport=dt_socket' } })
        assert.match(readFileSync(path('volume/processes'), 'utf8'), /^d S/m)
      })
    }

    test('a debug agent that only its threads show → is recorded during a doubt, and known afterwards', (t) => {
      const { fake, write, record, path, read } = container(t)
      fake(7, 'java', { cmdline: submit, stat: statOf('5000', 'java', 7) })
      for (const [thread, name] of Object.entries({ 7: 'java', 8: 'JDWP Transport ', 9: 'x) S (JDWPx' })) {
        spawnSync('mkdir', ['-p', path('proc/7/task', thread)])
        write(`proc/7/task/${thread}/stat`, statOf('1', name, Number(thread)))
      }
      assert.equal(record()?.jvm?.hasDebugAgent, false)
      write('volume/doubt', 'first\n')
      assert.equal(record()?.jvm?.hasDebugAgent, true)
      assert.equal(read('volume/jvm'), '7 5000 d\n')
      rmSync(path('volume/doubt'))
      assert.equal(record()?.jvm?.hasDebugAgent, true)
      rmSync(path('proc/7/task/8'), { recursive: true })
      write('volume/doubt', 'second\n')
      fake(7, 'java', { cmdline: submit, stat: statOf('6000', 'java', 7) })
      assert.equal(record()?.jvm?.hasDebugAgent, false)
    })

    test('the counters of cgroup v2 and v1 → are recorded', (t) => {
      const { write, record } = container(t)
      write('cgroup/cpu.stat', 'usage_usec 1\nnr_throttled 3\nthrottled_usec 1234\n')
      write('cgroup/memory.events', 'oom 5\noom_kill 2\noom_group_kill 7\n')
      assert.deepEqual([record()?.throttledUs, record()?.oomKills], [1234, 2])
      const v1 = container(t)
      v1.write('cgroup/cpu/cpu.stat', 'nr_periods 1\nnr_throttled 3\nthrottled_time 1234567\n')
      v1.write('cgroup/memory/memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 2')
      assert.deepEqual([v1.record()?.throttledUs, v1.record()?.oomKills], [1234, null])
      v1.write('cgroup/memory/memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n')
      assert.equal(v1.record()?.oomKills, 2)
    })

    test('a thread in state D → is recorded only while the sidecar doubts the driver', (t) => {
      const { fake, write, record, path } = container(t)
      fake(7, 'java', { cmdline: submit })
      for (const [thread, state] of Object.entries({ 7: 'S', 8: 'D', 9: 'S' })) {
        spawnSync('mkdir', ['-p', path('proc/7/task', thread)])
        write(`proc/7/task/${thread}/stat`, statOf('1', 'main) x', Number(thread)).replace(') S', `) ${state}`))
      }
      assert.equal(record()?.jvm?.waitsForDisk, null)
      write('volume/doubt', 'first\n')
      assert.equal(record()?.jvm?.waitsForDisk, true)
      rmSync(path('proc/7/task/8'), { recursive: true })
      assert.equal(record()?.jvm?.waitsForDisk, false)
      rmSync(path('volume/doubt'))
      assert.equal(record()?.jvm?.waitsForDisk, null)
    })
  })
}
