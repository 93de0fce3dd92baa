import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { outputForms } from '../../../../cli/render/report.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { runCli } from '../../run-cli.ts'
import { exited, podObject, pods, surroundings } from './fake-cluster.ts'

/** Creates an API with these objects. It needs no socket, because the test runs hundreds of times. */
function createApi(answers: Readonly<Record<string, unknown>>, log: string): KubernetesApi {
  return {
    request: async ({ path, onBytes }) => {
      if (path.startsWith(`${pods}/d/log`)) {
        onBytes?.(new TextEncoder().encode(log))
        return { kind: 'response', status: 200, body: null }
      }
      const body = answers[path.split('?')[0] ?? '']
      return body === undefined
        ? { kind: 'response', status: 404, body: null }
        : { kind: 'response', status: 200, body }
    },
    // biome-ignore lint/correctness/useYield: nothing watches
    async *watch() {
      throw new Error('nothing watches')
    },
  }
}

/** Where a secret appears under a name that identifies it. Redaction then recognizes the secret everywhere. */
const hidings = ['env', 'conf', 'argument', 'application', 'log'] as const

function plantSecret(secret: string, hiding: (typeof hidings)[number]) {
  const where = (place: (typeof hidings)[number], text: string) => (place === hiding ? text : 'none')
  const pod = podObject(exited(1), {
    metadata: {
      name: 'd',
      labels: { 'spark-role': 'driver', 'sparkoperator.k8s.io/app-name': 'a' },
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"x":"${secret}"}` },
    },
    spec: {
      nodeName: 'node1',
      containers: [
        {
          name: 'spark-kubernetes-driver',
          args: ['driver', '--conf', `spark.ssl.keyPassword=${where('argument', secret)}`],
          env: [{ name: 'DB_PASSWORD', value: where('env', secret) }],
        },
      ],
      volumes: [{ name: 'spark-conf-volume-driver', configMap: { name: 'd-conf-map' } }],
    },
    status: { message: hiding === 'log' ? '' : `login with ${secret} failed` },
  })
  const answers = {
    ...surroundings,
    [`${pods}/d`]: pod,
    '/api/v1/namespaces/jobs/configmaps/d-conf-map': {
      data: { 'spark.properties': `spark.hadoop.fs.s3a.secret.key=${where('conf', secret)}\n` },
    },
    '/apis/sparkoperator.k8s.io/v1beta2/namespaces/jobs/sparkapplications/a': {
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplication',
      metadata: { name: 'a', namespace: 'jobs' },
      spec: { sparkConf: { 'spark.my.token': where('application', secret) } },
      status: { applicationState: { state: 'FAILED', errorMessage: hiding === 'log' ? '' : `bad ${secret}` } },
    },
  }
  const named = `26/11/24 11:50:00 ERROR App: connecting with password=${secret}\n`
  const bare =
    hiding === 'log' ? '' : `Exception in thread "main" java.lang.IllegalStateException: cannot log in as ${secret}\n`
  return { answers, log: `${named}${bare}` }
}

describe('secrets in diagnose output', () => {
  test('evidence contains a secret → it is neither printed nor saved', async () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9+/_!#%^-]{10,60}$/).filter((text) => !/^(spark|none)/.test(text))
    await fc.assert(
      fc.asyncProperty(
        secret,
        fc.constantFrom(...hidings),
        fc.constantFrom(...outputForms),
        async (text, hiding, form) => {
          const { answers, log } = plantSecret(text, hiding)
          const saved: string[] = []
          const { exitCode, stdout, stderr } = await runCli(
            ['diagnose', 'd', '-n', 'jobs', '-o', form, '--save', 'b'],
            {},
            '',
            {
              connect: async () => ({
                api: createApi(answers, log),
                server: '',
                namespace: 'jobs',
                context: null,
                close: () => {},
              }),
              makePrivateFolder: async () => {},
              writePrivateFile: async (_path, content) => void saved.push(content),
            },
          )
          assert.equal(exitCode, 3)
          assert.ok(saved.length >= 6)
          assert.ok(!stdout.includes(text) && !stderr.includes(text), stdout)
          for (const content of saved) assert.ok(!content.includes(text), content)
        },
      ),
      { numRuns: 200 },
    )
  })
})
