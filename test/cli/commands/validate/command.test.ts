import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import packageJson from '../../../../package.json' with { type: 'json' }
import { assertGoldenText } from '../../../support/golden-text.ts'
import { applicationWithMistakes } from '../../config-checks/application-with-mistakes.ts'
import { runCli } from '../../run-cli.ts'
import { type FakeCluster, runInCluster } from '../check/fake-cluster.ts'

describe('validate', () => {
  for (const form of ['text', 'json', 'sarif', 'junit', 'markdown']) {
    test(`a SparkApplication with mistakes, -o ${form} → golden report, exit code 3`, async () => {
      const { stdout, exitCode } = await runCli(['validate', '-f', 'nightly.yaml', '-o', form], {
        'nightly.yaml': applicationWithMistakes,
      })
      assert.equal(exitCode, 3)
      assert.doesNotMatch(stdout, /topsecret/)
      await assertGoldenText(`cli/validate/mistakes.${form}`, stdout.replaceAll(packageJson.version, 'X.Y.Z'))
    })
  }

  test('a valid configuration → no problems found', async () => {
    const conf = 'spark.driver.memory 1g\nspark.kubernetes.authenticate.driver.serviceAccountName spark\n'
    const { stdout, exitCode } = await runCli(['validate', '-f', '-', '--strict'], {}, conf)
    assert.equal(exitCode, 0)
    assert.equal(stdout, 'Configuration of standard input.\n\n√ No problems found.\n')
  })

  const wrong: readonly (readonly [args: readonly string[], message: RegExp, file?: string])[] = [
    [['validate'], /FILE or APP is required/],
    [['validate', 'a', '-f', 'b'], /not both/],
    [['validate', 'examples/nightly'], /examples\/nightly: there is no such file/],
    [['validate', 'nightly.yaml'], /nightly\.yaml: there is no such file/],
    [['validate', '-f', 'absent.conf'], /absent\.conf: there is no such file; expected SparkApplications/],
    [['validate', '-f', 'f', '--spark-version', 'new'], /must be a version such as 3\.5\.1/],
    [
      ['validate', '-f', 'f'],
      /f: contains Pod of v1, but no SparkApplication; expected SparkApplications/,
      'apiVersion: v1\nkind: Pod\n',
    ],
    [['validate', '-f', 'f'], /f: contains no SparkApplication, no line that sets a spark/, '# nothing\n'],
    [['validate', '-f', 'f'], /f: is not YAML/, 'kind: a: b\n'],
    [['preflight'], /FILE is required/],
    [['preflight', 'a', '-f', 'b'], /specify only one FILE/],
  ]
  for (const [args, message, f = ''] of wrong) {
    test(`${args.join(' ')} ${JSON.stringify(f)} → usage error`, async () => {
      const { exitCode, stdout, stderr } = await runCli(args, { f })
      assert.equal(exitCode, 2)
      assert.equal(stdout, '')
      assert.match(stderr, message)
    })
  }

  const properties = `#Java properties built from Kubernetes config map
spark.driver.host=nightly-driver-svc.jobs.svc
spark.kubernetes.submitInDriver=true
spark.app.id=spark-1
spark.driver.memory=1g
spark.kubernetes.authenticate.driver.serviceAccountName=spark
spark.executor.memroy=4g
`

  const driver = (limit: string) => ({
    metadata: {
      name: 'nightly-driver',
      namespace: 'jobs',
      labels: { 'spark-role': 'driver', 'spark-app-name': 'nightly', 'spark-version': '3.5.1' },
    },
    spec: {
      containers: [
        {
          name: 'spark-kubernetes-driver',
          args: ['driver', '--conf', 'spark.executor.core=2'],
          resources: { limits: { memory: limit } },
        },
      ],
      volumes: [{ name: 'spark-conf-volume-driver', configMap: { name: 'conf-map' } }],
    },
  })
  const submitted = (limit: string): FakeCluster => ({
    webhook: null,
    objects: {
      '/api/v1/pods': [driver(limit)],
      '/api/v1/configmaps': [
        { metadata: { name: 'conf-map', namespace: 'jobs' }, data: { 'spark.properties': properties } },
      ],
    },
  })
  const listFindingIds = (stdout: string): readonly string[] =>
    JSON.parse(stdout).findings.map(({ id }: { id: string }) => id.replace('SPN-VALIDATE-', ''))

  for (const name of ['nightly', 'nightly-driver']) {
    test(`live driver by name ${name} → its ConfigMap and its arguments are checked`, async (t) => {
      const ran = await runInCluster(t, submitted('1408Mi'), ['validate', name, '-n', 'jobs', '-o', 'json'])
      assert.deepEqual(listFindingIds(ran.stdout), ['SPELLING', 'SPELLING'])
      assert.match(ran.stdout, /"source": "ConfigMap conf-map"/)
      assert.match(ran.stdout, /"source": "arguments of the driver"/)
      assert.equal(ran.exitCode, 0)
    })
  }

  test('live driver with a memory limit below its heap → POD-LIMIT', async (t) => {
    const ran = await runInCluster(t, submitted('1Gi'), ['validate', 'nightly', '-n', 'jobs', '-o', 'json'])
    assert.equal(listFindingIds(ran.stdout)[0], 'POD-LIMIT')
    assert.equal(ran.exitCode, 3)
  })

  test('live SparkApplication → the settings of its next driver are checked', async (t) => {
    const spec = {
      type: 'Scala',
      sparkVersion: '3.5.1',
      driver: { memory: '2048', serviceAccount: 'spark' },
      executor: {},
    }
    const cluster: FakeCluster = {
      webhook: null,
      objects: {
        '/apis/sparkoperator.k8s.io/v1beta2/sparkapplications': [
          { metadata: { name: 'nightly', namespace: 'jobs' }, spec },
        ],
        '/api/v1/pods': [],
      },
    }
    const ran = await runInCluster(t, cluster, ['validate', 'nightly', '-n', 'jobs', '-o', 'json'])
    assert.deepEqual(listFindingIds(ran.stdout), ['HEAP-UNIT'])
    assert.match(ran.stdout, /"source": "SparkApplication nightly"/)
  })

  test('no application or driver has the name → usage error', async (t) => {
    const ran = await runInCluster(t, { webhook: null, objects: { '/api/v1/pods': [] } }, [
      'validate',
      'nope',
      '-n',
      'jobs',
    ])
    assert.equal(ran.exitCode, 2)
    assert.match(ran.stderr, /nope: there is no SparkApplication and no driver pod with that name in jobs/)
  })

  test('the pods are forbidden → unknown, exit code 5', async (t) => {
    const answers = { '/api/v1/namespaces/jobs/pods': { status: 403, body: { message: 'pods are forbidden' } } }
    const ran = await runInCluster(t, { webhook: null, objects: {}, answers }, ['validate', 'nightly', '-n', 'jobs'])
    assert.equal(ran.exitCode, 5)
    assert.match(ran.stdout, /pods are forbidden/)
  })
})
