import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { initialRestartState } from '../../sidecar/restart-state.ts'
import { openVerdictFiles } from '../../sidecar/verdict-files.ts'
import { recordOf } from '../support/process-record.ts'

function volume(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-files-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const path = (name: string) => join(dir, name)
  return {
    files: openVerdictFiles(dir),
    path,
    processes: (text: string) => writeFileSync(path('processes'), text),
    read: (name: string) => readFileSync(path(name), 'utf8'),
  }
}

const none = { kind: 'none' }
const unknown = { kind: 'unknown' }
const known = (ticks: string) => ({ kind: 'known', ticks })

describe('readDriverStart', () => {
  test('no file, then a record, then a record without a start → none, known, unknown', (t) => {
    const { files, processes } = volume(t)
    assert.deepEqual(files.readDriverStart(), none)
    processes(recordOf('4711'))
    assert.deepEqual(files.readDriverStart(), known('4711'))
    processes(recordOf(''))
    assert.deepEqual(files.readDriverStart(), unknown)
  })

  test('an incomplete record after a complete one → the start stays known', (t) => {
    const { files, processes } = volume(t)
    processes(recordOf('4711'))
    files.readDriverStart()
    for (const partial of ['', '47', '4712\n', '4712\nj S 1', 'x'.repeat(100_000)]) {
      processes(partial)
      for (let count = 0; count < 5; count++) assert.deepEqual(files.readDriverStart(), known('4711'))
    }
    processes(recordOf('4712'))
    assert.deepEqual(files.readDriverStart(), known('4712'))
  })

  test('only incomplete records → none while one may be being written, then unknown', (t) => {
    const { files, processes } = volume(t)
    processes('')
    const kinds = [1, 2, 3, 4].map(() => files.readDriverStart().kind)
    assert.deepEqual(kinds, ['none', 'none', 'unknown', 'unknown'])
  })

  test('a forgotten record, which stays in the volume → none until a probe writes again', (t) => {
    const { files, processes, path } = volume(t)
    processes(recordOf('4711'))
    utimesSync(path('processes'), 1_000, 1_000)
    files.readDriverStart()
    files.forgetDriverStart()
    assert.ok(existsSync(path('processes')), 'the sticky bit of the volume keeps it')
    assert.deepEqual([files.readDriverStart(), files.readProcessRecord(0)], [none, null])
    processes('47')
    assert.deepEqual(files.readDriverStart(), none, 'incomplete')
    processes(recordOf('4711'))
    assert.deepEqual(files.readDriverStart(), known('4711'))
  })
})

describe('readProcessRecord', () => {
  test('a record → its content and its age, which is never negative', (t) => {
    const { files, processes, path } = volume(t)
    assert.equal(files.readProcessRecord(0), null)
    processes('4711\nj S 10 2 40 4712\noom_kill 1\nend\n')
    utimesSync(path('processes'), 1_000, 1_000)
    const read = files.readProcessRecord(1_003_500)
    assert.deepEqual([read?.ageMs, read?.record.jvm?.cpuTicks, read?.record.oomKills], [3_500, 12, 1])
    assert.equal(files.readProcessRecord(999_000)?.ageMs, 0)
  })

  test('an incomplete record → the one before, which keeps growing older', (t) => {
    const { files, processes, path } = volume(t)
    processes(recordOf('4711'))
    utimesSync(path('processes'), 1_000, 1_000)
    files.readProcessRecord(1_000_000)
    processes('4711\nj S')
    assert.deepEqual(
      [files.readProcessRecord(1_009_000)?.ageMs, files.readProcessRecord(1_009_000)?.record.mainStartTicks],
      [9_000, '4711'],
    )
  })
})

describe('write', () => {
  const contents = { hung: '4711\n', starting: null, ready: null, doubt: null }

  test('the driver removes or replaces a file → it is written again', (t) => {
    const { files, path, read } = volume(t)
    files.write(contents)
    for (const spoil of [
      () => rmSync(path('hung')),
      () => writeFileSync(path('hung'), ''),
      () => {
        rmSync(path('hung'))
        symlinkSync('/dev/null', path('hung'))
      },
    ]) {
      spoil()
      files.write(contents)
      assert.equal(read('hung'), '4711\n')
    }
  })

  test('the driver creates a file that the sidecar did not write → it is removed', (t) => {
    const { files, path } = volume(t)
    files.write({ ...contents, hung: null })
    for (const name of ['hung', 'starting', 'ready', 'doubt']) writeFileSync(path(name), 'any\n')
    files.write({ ...contents, hung: null })
    for (const name of ['hung', 'starting', 'ready', 'doubt']) assert.ok(!existsSync(path(name)), name)
  })

  test('a file that cannot be removed → the others are written, then the error is thrown', (t) => {
    const { files, path, read } = volume(t)
    mkdirSync(path('starting'))
    assert.throws(() => files.write(contents))
    assert.equal(read('hung'), '4711\n')
  })

  test('one file cannot be looked at → it is written, and another one is removed', (t) => {
    const { files, path, read } = volume(t)
    files.write({ ...contents, ready: 'ready\n' })
    const { lstatSync } = fs
    const fail = (target: fs.PathLike, options: fs.StatSyncOptions) => {
      if (target === path('ready')) throw new Error('EIO')
      return lstatSync(target, options)
    }
    t.mock.method(fs, 'lstatSync', fail)
    syncBuiltinESMExports()
    t.after(() => {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    })
    files.write({ ...contents, hung: null, ready: 'ready\n' })
    assert.deepEqual([existsSync(path('hung')), read('ready')], [false, 'ready\n'])
  })

  test('folders in place of the temporary files → each file is written, and no other file stays', (t) => {
    const { files, path, read } = volume(t)
    const temporary = ['.hung.tmp', '.ready.tmp', '..writable.tmp', '.restart-state.json.tmp']
    for (const name of temporary) mkdirSync(path(name))
    files.clear()
    files.write({ ...contents, ready: 'ready\n' })
    files.writeRestartState({ ...initialRestartState, attempt: 3 })
    assert.deepEqual([read('hung'), read('ready'), files.readRestartState().attempt], ['4711\n', 'ready\n', 3])
    assert.deepEqual(readdirSync(path('')).toSorted(), [...temporary, 'hung', 'ready', 'restart-state.json'].toSorted())
  })

  test('a file that cannot be replaced → no temporary file stays', (t) => {
    const { files, path } = volume(t)
    mkdirSync(path('hung'))
    assert.throws(() => files.write(contents))
    assert.deepEqual(readdirSync(path('')), ['hung'])
  })
})

const planted: readonly [string, (path: string, target: string) => void][] = [
  ['a pipe', (path) => execFileSync('mkfifo', [path])],
  ['a link to a file', (path, target) => symlinkSync(target, path)],
  ['a link to nothing', (path, target) => symlinkSync(`${target}-absent`, path)],
  ['a link to a device', (path) => symlinkSync('/dev/zero', path)],
]
for (const [name, plant] of planted) {
  describe(`verdict files where the driver has planted ${name}`, () => {
    const outside = (t: TestContext) => {
      const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-outside-'))
      t.after(() => rmSync(dir, { recursive: true, force: true }))
      const target = join(dir, 'target')
      writeFileSync(target, recordOf('1'))
      return target
    }

    test('what is read → as if there were no file', (t) => {
      const { files, path } = volume(t)
      for (const file of ['processes', 'restart-state.json']) plant(path(file), outside(t))
      assert.deepEqual(files.readDriverStart(), none)
      assert.equal(files.readProcessRecord(0), null)
      assert.deepEqual(files.readRestartState(), initialRestartState)
    })

    test('what is written → replaces it, and leaves its target alone', (t) => {
      const { files, path, read } = volume(t)
      const target = outside(t)
      for (const file of ['hung', 'starting', 'ready', 'doubt', 'restart-state.json']) {
        plant(path(file), target)
        plant(path(`.${file}.tmp`), target)
      }
      plant(path('..writable.tmp'), target)
      files.clear()
      files.write({ hung: '4711\n', starting: null, ready: 'ready\n', doubt: null })
      files.writeRestartState({ ...initialRestartState, attempt: 3 })
      assert.deepEqual([read('hung'), read('ready'), existsSync(path('starting'))], ['4711\n', 'ready\n', false])
      assert.equal(files.readRestartState().attempt, 3)
      assert.equal(readFileSync(target, 'utf8'), recordOf('1'))
      assert.ok(!existsSync(`${target}-absent`))
    })
  })
}
