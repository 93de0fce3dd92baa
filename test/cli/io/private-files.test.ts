import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { makePrivateFolder, writePrivateFile } from '../../../cli/io/private-files.ts'

const createDirectory = (t: TestContext) => {
  const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-private-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}
const readMode = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe('private files', () => {
  for (const umask of ['000', '022', '077', '277', '777']) {
    test(`umask ${umask} → only the owner can read the directory and its files`, (t) => {
      const dir = createDirectory(t)
      const module = join(import.meta.dirname, '../../../cli/io/private-files.ts')
      const script = `
      import { makePrivateFolder, writePrivateFile } from ${JSON.stringify(module)}
      process.umask(0o${umask})
      await makePrivateFolder('bundle')
      await writePrivateFile('bundle/pod.json', 'text')`
      const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: dir,
        encoding: 'utf8',
      })
      assert.equal(status, 0, stderr)
      assert.deepEqual([readMode(join(dir, 'bundle')), readMode(join(dir, 'bundle/pod.json'))], ['700', '600'])
      assert.equal(readFileSync(join(dir, 'bundle/pod.json'), 'utf8'), 'text')
    })
  }

  test('missing parents or an empty directory → created, and readable by the owner only', async (t) => {
    const dir = createDirectory(t)
    await makePrivateFolder(join(dir, 'a/b/c'))
    assert.equal(readMode(join(dir, 'a/b/c')), '700')
    mkdirSync(join(dir, 'open'))
    chmodSync(join(dir, 'open'), 0o777)
    await makePrivateFolder(join(dir, 'open'))
    assert.equal(readMode(join(dir, 'open')), '700')
  })

  test('a directory with files → rejected and unchanged', async (t) => {
    const dir = createDirectory(t)
    chmodSync(dir, 0o755)
    writeFileSync(join(dir, 'notes'), 'original')
    await assert.rejects(makePrivateFolder(dir), { code: 'ENOTEMPTY' })
    assert.deepEqual([readMode(dir), readdirSync(dir)], ['755', ['notes']])
    await assert.rejects(makePrivateFolder(join(dir, 'notes')), { code: 'ENOTDIR' })
  })

  test('an existing file or link → rejected and unchanged', async (t) => {
    const dir = createDirectory(t)
    writeFileSync(join(dir, 'target'), 'original')
    symlinkSync(join(dir, 'target'), join(dir, 'link'))
    symlinkSync(join(dir, 'nowhere'), join(dir, 'dangling'))
    for (const name of ['target', 'link', 'dangling']) {
      await assert.rejects(writePrivateFile(join(dir, name), 'new'), { code: 'EEXIST' })
    }
    assert.equal(readFileSync(join(dir, 'target'), 'utf8'), 'original')
    assert.deepEqual(readdirSync(dir).toSorted(), ['dangling', 'link', 'target'])
  })
})
