import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import type { FakeAnswer } from '../../../support/fake-api-server.ts'
import { type FakeCluster, runInCluster, version } from './fake-cluster.ts'
import { bareCluster, deployment, driver, healthyCluster, issueLeafDaysAgo, replica, withObjects } from './installed.ts'

const leaf = await issueLeafDaysAgo(1)
const healthy = healthyCluster(leaf)
const forbidden = (what: string) => ({ status: 403, body: { message: `${what} are forbidden` } })

const clusters: Readonly<Record<string, { readonly cluster: FakeCluster; readonly exitCode: number }>> = {
  healthy: { cluster: healthy, exitCode: 0 },
  'not-installed': { cluster: bareCluster, exitCode: 3 },
  'expired-certificate': {
    // The API server rejects an expired certificate in the TLS handshake, so nothing is injected.
    cluster: { ...healthyCluster(await issueLeafDaysAgo(91)), webhook: null },
    exitCode: 3,
  },
  'no-replica-ready': {
    cluster: {
      ...withObjects(healthy, {
        '/apis/apps/v1/deployments': [deployment({ wanted: 2, ready: 0 })],
        '/api/v1/pods': [replica(1, false), replica(2, false), driver('etl-driver', null)],
      }),
      webhook: null,
    },
    exitCode: 3,
  },
  'unprotected-drivers': {
    cluster: withObjects(healthy, {
      '/api/v1/pods': [
        replica(1),
        replica(2),
        ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => driver(`${name}-driver`, null)),
        driver('old-driver', '0.0.9'),
        driver('etl-driver', version),
      ],
    }),
    exitCode: 0,
  },
  'evidence-forbidden': {
    cluster: {
      ...healthy,
      answers: {
        '/secrets/': forbidden('secrets'),
        '/api/v1/nodes': forbidden('nodes'),
        subjectaccessreviews: forbidden('access reviews'),
      },
    },
    exitCode: 5,
  },
}

async function assertGoldenText(path: string, text: string): Promise<void> {
  const file = join(import.meta.dirname, '../../../golden/cli/check', path)
  if (process.env.UPDATE_GOLDEN === '1') {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  assert.equal(text, await readFile(file, 'utf8'), `${path}: run with UPDATE_GOLDEN=1 to update it`)
}

describe('check command', () => {
  for (const [name, { cluster, exitCode }] of Object.entries(clusters)) {
    test(`${name} → golden text report`, async (t) => {
      const ran = await runInCluster(t, cluster, ['check'])
      await assertGoldenText(`${name}.txt`, ran.stdout)
      assert.deepEqual([ran.exitCode, ran.stderr], [exitCode, ''])
    })
    test(`${name} → golden JSON report`, async (t) => {
      const ran = await runInCluster(t, cluster, ['check', '-o', 'json'])
      await assertGoldenText(`${name}.json`, ran.stdout)
      assert.equal(JSON.parse(ran.stdout).success, exitCode === 0)
      assert.equal(ran.exitCode, exitCode)
    })
  }

  test('the Secret contains a private key → it is not printed', async (t) => {
    const { stdout, stderr } = await runInCluster(t, healthy, ['check', '-o', 'json'])
    assert.doesNotMatch(stdout + stderr, /c2VjcmV0|secret value|PRIVATE/)
  })

  test('--strict with only warnings → exit code 4; with errors → exit code 3', async (t) => {
    assert.equal((await runInCluster(t, healthy, ['check', '--strict'])).exitCode, 0)
    const warned = clusters['unprotected-drivers']?.cluster ?? healthy
    assert.equal((await runInCluster(t, warned, ['check', '--strict'])).exitCode, 4)
    assert.equal((await runInCluster(t, bareCluster, ['check', '--strict'])).exitCode, 3)
  })

  test('the API server rejects the credentials → one check, exit code 1', async (t) => {
    const cluster = { ...healthy, answers: { 'GET /version': { status: 401, body: { message: 'Unauthorized' } } } }
    const { exitCode, stdout } = await runInCluster(t, cluster, ['check', '-o', 'json'])
    assert.equal(exitCode, 1)
    const [{ name, checks }] = JSON.parse(stdout).categories
    assert.equal(name, 'kubernetes-api')
    assert.deepEqual(
      checks.map(({ id, result }: { id: string; result: string }) => [id, result]),
      [['api-reachable', 'error']],
    )
    assert.match(checks[0].detail, /HTTP 401: Unauthorized/)
  })

  test('--pre on a suitable cluster → exit code 0', async (t) => {
    const { exitCode, stdout } = await runInCluster(t, bareCluster, ['check', '--pre'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /√ you can create the chart’s resources \(in namespace spark-nanny\)/)
    assert.doesNotMatch(stdout, /is installed/)
  })

  test('--pre on an old cluster without permissions → both are errors', async (t) => {
    const cluster = { ...bareCluster, version: 'v1.28.9', denied: ['create clusterroles'] }
    const { exitCode, stdout } = await runInCluster(t, cluster, ['check', '--pre', '-n', 'elsewhere'])
    assert.equal(exitCode, 3)
    assert.match(stdout, /× the API server runs Kubernetes 1.29 or newer\n {4}the version is v1.28.9/)
    assert.match(stdout, /you cannot create clusterroles.rbac.authorization.k8s.io\n/)
  })

  test('-n → the installation is searched in that namespace only', async (t) => {
    assert.equal((await runInCluster(t, healthy, ['check', '-n', 'spark-nanny'])).exitCode, 0)
    const elsewhere = await runInCluster(t, healthy, ['check', '-n', 'jobs'])
    assert.equal(elsewhere.exitCode, 3)
    assert.match(elsewhere.stdout, /there is no Deployment of spark-nanny in namespace jobs/)
  })

  test('listing Deployments in all namespaces is forbidden → the default namespace is searched', async (t) => {
    const cluster = { ...healthy, answers: { 'GET /apis/apps/v1/deployments': forbidden('deployments') } }
    const { exitCode, stdout } = await runInCluster(t, cluster, ['check'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /√ spark-nanny is installed exactly once \(spark-nanny\/spark-nanny\)/)
  })

  test('the ServiceAccount lacks permissions → they are listed', async (t) => {
    const { exitCode, stdout } = await runInCluster(t, { ...healthy, denied: ['patch pods', 'update leases'] }, [
      'check',
    ])
    assert.equal(exitCode, 3)
    assert.match(
      stdout,
      /spark-nanny\/spark-nanny cannot patch pods, update leases.coordination.k8s.io\/spark-nanny in spark-nanny/,
    )
  })

  test('the sidecar of a driver reports a hang → error; its status cannot be read → unknown', async (t) => {
    const late = driver('late-driver', version)
    const notReady = {
      ...late,
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: '2026-11-24T11:40:00Z' }],
      },
    }
    const cluster = withObjects(healthy, { '/api/v1/pods': [replica(1), replica(2), notReady] })
    const status = {
      state: 'hung',
      since: '2026-11-24T11:40:00Z',
      detail: 'three polls in a row',
      action: { onHung: 'report' },
    }
    const answers = { 'late-driver:9165/proxy/status': { status: 200, body: status } }
    const hung = await runInCluster(t, { ...cluster, answers }, ['check'])
    assert.equal(hung.exitCode, 3)
    assert.match(hung.stdout, /1 driver: jobs\/late-driver \(three polls in a row; report\)/)
    assert.match(hung.stdout, /1 not ready for at least 15m: jobs\/late-driver \(for 20m\)/)

    const silent = await runInCluster(t, cluster, ['check'])
    assert.equal(silent.exitCode, 5)
    assert.match(silent.stdout, /could not read the sidecar’s status of jobs\/late-driver: HTTP 404/)
  })

  test('--wait, and the API server recovers → the checks run again until they pass', async (t) => {
    let waits = 0
    const cluster = { ...healthy, answers: { 'GET /version': { status: 503, body: {} } } as Record<string, FakeAnswer> }
    const sleep = async () => {
      waits += 1
      if (waits === 2) delete cluster.answers['GET /version']
    }
    const ran = await runInCluster(t, cluster, ['check', '--wait', '1m'], { sleep })
    assert.equal(ran.exitCode, 0, ran.stdout)
    assert.equal(waits, 2)
  })

  test('--wait, and the checks still fail → ends after the given time', async (t) => {
    let clockMs = 0
    const sleep = async (ms: number) => {
      clockMs += ms
    }
    const ran = await runInCluster(t, bareCluster, ['check', '--wait', '11s'], { sleep, nowMs: () => clockMs })
    assert.equal(ran.exitCode, 3)
    assert.equal(clockMs, 10_000)
  })

  test('on a terminal → progress on stderr, which is cleared at the end, and colors', async (t) => {
    const isTerminal = { stdout: true, stderr: true }
    const ran = await runInCluster(t, healthy, ['check'], { isTerminal })
    assert.match(ran.stderr, /connecting to https:/)
    assert.ok(ran.stderr.endsWith('\r\u001b[2K'))
    assert.ok(ran.stdout.includes('\u001b[32m√\u001b[39m the API server responds'))
    const plain = await runInCluster(t, healthy, ['check', '--no-color'], { isTerminal })
    assert.ok(!plain.stdout.includes('\u001b'))
  })
})
