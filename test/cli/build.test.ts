import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { startFakeApiServer } from '../support/fake-api-server.ts'

const root = join(import.meta.dirname, '../..')
let dir = ''
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'spark-nanny-bundle-'))
  assert.equal((await run(process.execPath, [join(root, 'build.ts'), 'spark-nanny'])).code, 0)
  await copyFile(join(root, 'dist/spark-nanny.mjs'), join(dir, 'spark-nanny.mjs'))
  await symlink('spark-nanny.mjs', join(dir, 'kubectl-spark_nanny'))
  return () => rm(dir, { recursive: true })
})

/** Runs a program in a directory where no package can be found. */
function run(file: string, args: readonly string[]) {
  return new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
    execFile(file, args, { cwd: dir, env: { HOME: dir } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr })
    })
  })
}

describe('bundle of the command line', () => {
  test('bundle without node_modules → reads a kubeconfig and calls the cluster', async (t) => {
    const api = await startFakeApiServer()
    t.after(() => api.close())
    api.intercept((_, path) => (path === '/version' ? { status: 401, body: { message: 'Unauthorized' } } : undefined))
    const ca = await readFile(join(api.serviceAccountDir, 'ca.crt'), 'base64')
    await writeFile(
      join(dir, 'kubeconfig'),
      `current-context: x
clusters: [{name: x, cluster: {server: 'https://127.0.0.1:${api.port}', certificate-authority-data: ${ca}}}]
users: [{name: x, user: {token: a-token}}]
contexts: [{name: x, context: {cluster: x, user: x}}]
`,
    )
    const bundle = join(dir, 'spark-nanny.mjs')
    const { code, stdout, stderr } = await run(process.execPath, [bundle, 'check', '--kubeconfig', 'kubeconfig'])
    assert.equal(code, 1, stderr)
    assert.match(stdout, /× the API server responds\n.*HTTP 401: Unauthorized/)

    const wrong = await run(process.execPath, [bundle, 'check', '--kubeconfig', 'absent'])
    assert.equal(wrong.code, 2)
    assert.match(
      wrong.stderr,
      /^error: absent: there is no such file; expected a kubeconfig\nusage: spark-nanny check /,
    )
  })

  test('called as a kubectl plugin → usage shows that name', async () => {
    const { code, stdout } = await run(process.execPath, [join(dir, 'kubectl-spark_nanny'), '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /^Usage: kubectl spark-nanny /)
  })
})
