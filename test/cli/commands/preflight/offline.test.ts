import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UsageError } from '../../../../cli/options/usage-error.ts'
import { runCli } from '../../run-cli.ts'
import { healthyApplication, healthyConf } from './healthy-cluster.ts'

/** A change to the healthy application, the ids of the findings (`!` marks an error), and a part of the text. */
const cases: readonly (readonly [
  change: readonly [from: string | RegExp, to: string],
  found: readonly string[],
  message?: RegExp,
])[] = [
  [['', ''], []],
  [
    ['sparkoperator.k8s.io/v1beta2', 'sparkoperator.k8s.io/v1beta1'],
    ['API-VERSION!'],
    /must be sparkoperator\.k8s\.io\/v1beta2/,
  ],
  [['  name: nightly\n', '  name: Nightly_Job\n'], ['SHAPE!'], /metadata\.name is ..Nightly_Job/],
  [['  type: Scala\n', ''], ['SCHEMA!'], /spec\.type is not set/],
  [['type: Scala', 'type: Ruby'], ['SCHEMA!'], /spec\.type is ..Ruby.*; it must be one of Java, Python, Scala, R/],
  [['mode: cluster', 'mode: client'], ['SHAPE!'], /other modes create no driver pod/],
  [
    ['  mainClass: com.example.Nightly\n', '  mainClas: com.example.Nightly\n'],
    ['MAIN-FILE!', 'SCHEMA!'],
    /did you mean mainClass\?/,
  ],
  [['  sparkVersion: 4.0.1\n', ''], ['SCHEMA!'], /spec\.sparkVersion is not set/],
  [['  mainClass: com.example.Nightly\n', ''], ['MAIN-FILE!'], /spec\.mainClass is not set/],
  [['local:///opt/app.jar', '/opt/app.jar'], ['MAIN-FILE!'], /on the machine that submits/],
  [['local:///opt/app.jar', 's3a://bucket/app.jar'], []],
  [['  driver:\n', '  drivr:\n'], ['SCHEMA!', 'SCHEMA!', 'SERVICE-ACCOUNT'], /did you mean driver\?/],
  [['    onFailureRetries: 2\n', ''], ['SHAPE'], /OnFailure does not retry/],
  [['type: OnFailure\n    onFailureRetries: 2', 'type: Never'], ['FINAL'], /is not rerun/],
  [['type: OnFailure\n    onFailureRetries: 2', 'type: Always'], []],
  [[/ {2}restartPolicy:[\s\S]*Retries: 2\n/, ''], ['FINAL']],
  [['apache/spark:4.0.1', 'apache/spark'], ['IMAGE'], /has no tag, which means latest/],
  [['apache/spark:4.0.1', 'apache/spark:latest'], ['IMAGE'], /latest, which moves/],
  [['apache/spark:4.0.1', `apache/spark@sha256:${'a'.repeat(64)}`], []],
  [['apache/spark:4.0.1', 'apache/spark:3.5.1'], []],
  [['  image: apache/spark:4.0.1\n', ''], ['IMAGE!', 'IMAGE!'].slice(0, 1), /no image is set/],
]

const describeChange = (from: string | RegExp, to: string) =>
  from === '' ? 'healthy application' : `${String(from).trim()} replaced by "${to.trim()}"`

describe('preflight --offline', () => {
  for (const [[from, to], found, message = /./] of cases) {
    test(`${describeChange(from, to)} → ${found.join(', ') || 'no finding'}`, async () => {
      const app = healthyApplication.replace(from, to)
      const { stdout, exitCode } = await runCli(['preflight', 'app', '--offline', '-o', 'json'], { app })
      const findings: readonly { id: string; severity: string }[] = JSON.parse(stdout).findings
      const foundIds = findings.map(
        ({ id, severity }) => `${id.replace(/SPN-(PREFLIGHT|VALIDATE)-/, '')}${severity === 'error' ? '!' : ''}`,
      )
      assert.deepEqual(foundIds, found, stdout)
      assert.match(stdout, message)
      assert.equal(exitCode, findings.some(({ severity }) => severity === 'error') ? 3 : 0)
    })
  }

  test('no cluster is configured and --offline is missing → usage error that names --offline', async () => {
    const connect = () => Promise.reject(new UsageError('no cluster is configured'))
    const { stderr, exitCode } = await runCli(['preflight', 'app'], { app: healthyConf }, '', { connect })
    assert.equal(exitCode, 2)
    assert.match(stderr, /no cluster is configured; to check without a cluster, use --offline/)
  })

  for (const [shape, name] of [
    ['very long', `x${'y'.repeat(50_000)}`],
    ['an object with methods', '{toString: null, toJSON: null}'],
    ['a long list', `[${'1,'.repeat(20_000)}1]`],
  ] as const) {
    test(`a name that is ${shape} → reported, and only its beginning is shown`, async () => {
      const app = healthyApplication.replace('  name: nightly\n', `  name: ${name}\n`)
      const { stdout, exitCode } = await runCli(['preflight', 'app', '--offline', '-o', 'json'], { app })
      assert.equal(exitCode, 3)
      const found: readonly { readonly title: string }[] = JSON.parse(stdout).findings
      const problem = found.find(({ title }) => title.includes('metadata.name is '))
      assert.ok(problem, stdout.slice(0, 1_000))
      assert.ok(problem.title.length < 1_000, problem.title.slice(0, 200))
    })
  }

  test('facts that only a cluster has → reported as unknown, exit code 0', async () => {
    const { stdout, exitCode } = await runCli(['preflight', 'app', '--offline', '--strict', '-o', 'json'], {
      app: healthyConf,
    })
    assert.equal(exitCode, 0)
    assert.deepEqual(JSON.parse(stdout).findings, [])
    assert.equal(JSON.parse(stdout).unknown.length, 5)
  })

  test('a spark-submit command with flags, quotes and continued lines → parsed', async () => {
    const app = `spark-submit --master k8s://https://api --deploy-mode cluster \\
  --conf spark.kubernetes.container.image=apache/spark:4.0.1 --conf "spark.kubernetes.authenticate.driver.serviceAccountName=spark" \\
  --driver-memory 1Gi --class A /opt/app.jar --driver-memory 5Zi`
    const { stdout } = await runCli(['preflight', 'app', '--offline', '-o', 'json'], { app })
    assert.deepEqual(
      JSON.parse(stdout).findings.map(({ id }: { id: string }) => id),
      ['SPN-PREFLIGHT-MAIN-FILE', 'SPN-VALIDATE-VALUE', 'SPN-VALIDATE-AFTER-MAIN-FILE'],
    )
    assert.match(stdout, /"line": 3/)
    assert.doesNotMatch(stdout, /5Zi/)
  })

  test('an application with secrets → no output form prints them', async () => {
    const app = healthyApplication.replace(
      'spec:\n',
      'spec:\n  sparkConf:\n    spark.hadoop.fs.s3a.secret.key: 12345678\n    spark.jarz: https://me:hunter2222@repo/a.jar\n    spark.kubernetes.nope.password: hunter2222\n',
    )
    for (const form of ['text', 'json', 'sarif', 'junit', 'markdown']) {
      const { stdout } = await runCli(['preflight', 'app', '--offline', '-o', form], { app })
      assert.match(stdout, /SPN-VALIDATE-UNQUOTED/)
      assert.match(stdout, /spark\.jarz/)
      assert.doesNotMatch(stdout, /12345678|hunter2222/, form)
    }
  })

  test('a ScheduledSparkApplication → its template is checked', async () => {
    const [head = '', spec = ''] = healthyApplication
      .replace('kind: SparkApplication', 'kind: ScheduledSparkApplication')
      .split('spec:\n')
    const template = spec.replace('apache/spark:4.0.1', 'apache/spark').replace(/^/gm, '  ')
    const app = `${head}spec:\n  schedule: "@daily"\n  template:\n${template}`
    const { stdout } = await runCli(['preflight', 'app', '--offline', '-o', 'json'], { app })
    assert.deepEqual(
      JSON.parse(stdout).findings.map(({ id }: { id: string }) => id),
      ['SPN-PREFLIGHT-IMAGE'],
    )
  })
})
