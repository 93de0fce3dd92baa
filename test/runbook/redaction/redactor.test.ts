import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { secretsIn } from '../../../runbook/redaction/learnt-secrets.ts'
import { createRedactor } from '../../../runbook/redaction/redactor.ts'
import { isSecretName } from '../../../runbook/redaction/secret-names.ts'

const { text, json } = createRedactor()

const secret = 'S3cr3t-Value_9x'
const hidden: readonly string[] = [
  `spark.hadoop.fs.s3a.secret.key=${secret}`,
  `--conf spark.hadoop.fs.s3a.access.key=${secret}`,
  `password: ${secret}`,
  `"db_password": "${secret}"`,
  `{"apiToken":"${secret}"}`,
  `jdbc:postgresql://user:${secret}@db:5432/x`,
  `Authorization: Bearer ${secret}`,
  `Authorization: Basic ${secret}`,
  `https://x.blob.core.windows.net/c?sv=2022&sig=${secret}&se=1`,
  `AccountName=a;AccountKey=${secret};EndpointSuffix=x`,
  `GET https://h/p?access_token=${secret}`,
  `DB_PASSWORD='${secret}'`,
  `javax.net.ssl.trustStorePassword=${secret}`,
  `(spark.ssl.keyStorePassword,${secret})`,
  `secret=${secret}`,
  `"secret": "${secret}"`,
  `DB_PASS=${secret}`,
  `App --db-password ${secret} --verbose`,
  `"password":"a\\"${secret}"`,
  `{\\"password\\":\\"a\\\\\\"${secret}\\"}`,
  `password='a b ${secret}'`,
  `jdbc:sqlserver://h;user=sa;password={a ${secret}};x=1`,
  `jdbc:oracle:thin:scott/${secret}@//h:1521/x`,
  `https://user:p@${secret}@host/x`,
  `https://${secret}_token@github.com/x.git`,
  `password: |\n  ${secret}\n  more`,
  `db:\n  password: >-\n    ${secret}`,
  `{"name":"DB_PASSWORD","value":"${secret}"}`,
  `- name: DB_PASSWORD\n  value: ${secret}`,
  `EnvVar(name=DB_PASSWORD, value=${secret}, valueFrom=null)`,
  `<name>fs.s3a.secret.key</name><value>${secret}</value>`,
  `<password>${secret}</password>`,
  `Cookie: session=${secret}`,
  `Authorization: ApiKey ${secret}`,
  `authorization: AWS4-HMAC-SHA256 Credential=x/2020, SignedHeaders=h, Signature=${secret}`,
  `spark.hadoop.fs.s3a.secret.key    ${secret}`,
  `"url":"x?password\\u003d${secret}"`,
]
for (const line of hidden) test(`hidden: ${line}`, () => assert.ok(!text(line).includes(secret), text(line)))

const forms: readonly (readonly [string, string])[] = [
  ['a JSON Web Token', 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl'],
  ['an AWS key id', 'AKIAIOSFODNN7EXAMPLE'],
  ['a GitHub token', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789'],
]
for (const [name, value] of forms) {
  test(`hidden wherever it stands: ${name}`, () => assert.ok(!text(`before ${value} after`).includes(value)))
}

const shown: readonly string[] = [
  'MountVolume.SetUp failed for volume "s" : secret "database" not found',
  'pods "d" is forbidden: User "system:serviceaccount:jobs:default" cannot get resource "pods"',
  'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space',
  'https://kubernetes.default.svc/api/v1/namespaces/spark/pods/d',
  'Successfully started service on port 7078.',
  'abfss://container-of-sixteen@account.dfs.core.windows.net/path',
  'spark.authenticate.secret must be set',
]
for (const line of shown) test(`shown: ${line}`, () => assert.equal(text(line), line))

test('of an object: environment, arguments, maps, and the copy of itself', () => {
  const object = {
    metadata: {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"x":"${secret}"}`, note: 'kept' },
      managedFields: [{ x: 1 }],
    },
    spec: {
      env: [
        { name: 'DB_PASSWORD', value: secret },
        { name: 'HOME', value: '/opt' },
      ],
      args: ['driver', '--password', secret, '--conf', `spark.x.token=${secret}`, '--class', 'App'],
      sparkConf: { 'spark.hadoop.fs.s3a.secret.key': secret, 'spark.driver.memory': '1g' },
      volumes: [{ secret: { secretName: 'database' } }],
    },
  }
  const shownObject = JSON.stringify(json(object))
  assert.ok(!shownObject.includes(secret), shownObject)
  for (const kept of ['kept', '/opt', 'App', '1g', 'database']) assert.ok(shownObject.includes(kept), kept)
})

test('a value that was seen under a telling name is found in a text without one', () => {
  const known = secretsIn({ env: [{ name: 'API_TOKEN', value: secret }], args: [`spark.a.password=other-${secret}`] })
  const redactor = createRedactor(known)
  assert.equal(redactor.text(`cannot log in as (${secret})`), 'cannot log in as ([redacted])')
  assert.ok(!redactor.text(`other-${secret}`).includes('other'))
})

test('no secret of any form survives in any surrounding', () => {
  const value = fc.stringMatching(/^[A-Za-z0-9+/_-]{12,40}$/)
  const name = fc.constantFrom(
    'password',
    'DB_PASSWORD',
    'spark.ssl.keyPassword',
    'api-key',
    'secretKey',
    'auth.token',
    'aws_secret_access_key',
  )
  const sign = fc.constantFrom('=', ': ', ' = ', '":"', '=>')
  const around = fc.constantFrom('', ' ', 'INFO Foo: ', '{"', '(', 'x, ')
  fc.assert(
    fc.property(value, name, sign, around, around, (planted, key, between, before, after) => {
      const line = `${before}${key}${between}${planted} ${after}`
      assert.ok(!text(line).includes(planted), text(line))
    }),
  )
})

test('a long word takes no longer than it is long', () => {
  const startMs = performance.now()
  for (const word of ['QWxhZGRpbjpvcGVuIHNlc2FtZQ', 'pass', 'a.', '--token']) text(word.repeat(600_000 / word.length))
  // Tens of milliseconds; in quadratic time it was a quarter of an hour.
  assert.ok(performance.now() - startMs < 60_000)
})

test('redacting twice changes nothing more', () => {
  for (const line of hidden) assert.equal(text(text(line)), text(line))
})

test('names that tell and names that do not', () => {
  for (const name of [
    'DB_PASSWORD',
    'spark.hadoop.fs.s3a.access.key',
    'AWS_SECRET_ACCESS_KEY',
    'token',
    'sasl.jaas.config',
  ])
    assert.ok(isSecretName(name), name)
  for (const name of ['secretName', 'spark.driver.memory', 'HOME', 'serviceAccountToken', 'spark.app.name'])
    assert.ok(!isSecretName(name), name)
})
