import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertGoldenText } from '../../../support/golden-text.ts'
import { runCli } from '../../run-cli.ts'
import { runInCluster } from '../check/fake-cluster.ts'
import { clusterWith, healthyApplication } from './healthy-cluster.ts'

const hard = { 'requests.memory': '3Gi', pods: '10' }
const tight = clusterWith(
  {
    '/api/v1/resourcequotas': [
      { metadata: { name: 'team', namespace: 'jobs' }, spec: { hard }, status: { hard, used: { pods: '2' } } },
    ],
    '/api/v1/namespaces': [{ metadata: { name: 'jobs' } }],
  },
  { denied: ['watch pods'], answers: { 'POST /apis/sparkoperator.k8s.io/v1beta2': { status: 201, body: {} } } },
)

describe('preflight report', () => {
  for (const form of ['text', 'json', 'sarif', 'junit', 'markdown']) {
    test(`a namespace with a small quota, -o ${form} → golden report`, async (t) => {
      const io = { readFile: async () => healthyApplication.replace('apache/spark:4.0.1', 'apache/spark:latest') }
      const { stdout, exitCode } = await runInCluster(t, tight, ['preflight', 'nightly.yaml', '-o', form], io)
      assert.equal(exitCode, 3)
      await assertGoldenText(`cli/preflight/tight.${form}`, stdout)
    })
  }

  for (const form of ['text', 'junit']) {
    test(`no cluster, -o ${form} → golden report, and unknown evidence is not an error`, async () => {
      const { stdout, exitCode } = await runCli(['preflight', 'app', '--offline', '-o', form], {
        app: healthyApplication,
      })
      assert.equal(exitCode, 0)
      await assertGoldenText(`cli/preflight/offline.${form}`, stdout)
    })
  }
})
