import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { findSecrets } from '../../../cli/redaction/discovered-secrets.ts'
import { createRedactor } from '../../../cli/redaction/redactor.ts'
import { isSecretName } from '../../../cli/redaction/secret-names.ts'

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
  `INFO App: password=ab"cd${secret} next`,
  `postgres://u:a/b${secret}@host:5432/x`,
  `redis://:${secret}@h`,
  `jdbc:mysql://h/d?user=a&password=${secret}&useSSL=true`,
  `curl -u bob:${secret} https://h/`,
  `curl --proxy-user "bob:${secret}" https://h/`,
  `CREATE USER a IDENTIFIED BY '${secret}'`,
  `ALTER ROLE a WITH ENCRYPTED PASSWORD '${secret}'`,
  `the password is ${secret}`,
  `the secret key was: ${secret}`,
  `logged in with password ${secret}`,
  `db.password: correct horse ${secret}`,
  `{user=a, password=b c ${secret}, host=h}`,
  `Map(password -> b c ${secret}, x -> y)`,
  `spark.hadoop.fs.s3a.secret.kye=${secret}`,
  `spark.hadoop.fs.s3a.acess.kye=${secret}`,
  `spark.ssl.keyPasword=${secret}`,
  `DB_PASSWROD=${secret}`,
  `sshpass -p ${secret} ssh h`,
  `["sshpass","-p","${secret}","ssh"]`,
  `["curl","-u","bob:${secret}"]`,
  `["--password","${secret}"]`,
  `["app","--db-password=b c ${secret}"]`,
  `docker login -u a -p ${secret} registry.example`,
  `mysql -uroot -p${secret} db`,
  `keytool -storepass ${secret} -alias a`,
  `kubectl create secret generic db --from-literal=password=${secret}`,
  `{"level":"ERROR","msg":"login password=${secret} failed","logger":"x"}`,
  `X-Vault-Token: ${secret}`,
  `"Authorization": "Token ${secret}"`,
  `BlobEndpoint=https://a/;SharedAccessSignature=sv=2022&sig=${secret}`,
]
describe('redactor', () => {
  for (const line of hidden)
    test(`a secret in "${line}" → redacted`, () => assert.ok(!text(line).includes(secret), text(line)))

  const forms: readonly (readonly [string, string])[] = [
    ['a JSON Web Token', 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl'],
    ['an AWS key id', 'AKIAIOSFODNN7EXAMPLE'],
    ['an AWS secret key beside its id', 'AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
    ['a key of an Azure account', `${'Eby8vdM02xNO/qFlqUwJPLlm+tlCD'.repeat(3).slice(0, 86)}==`],
    ['a Google API key', `AIza${'SyA1b2C3d4E5'.repeat(3).slice(0, 35)}`],
    ['a private key in JSON', '-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADAN\\n-----END PRIVATE KEY-----'],
    ['a Slack webhook', 'hooks.slack.com/services/T000/B000/XXXXXXXXXXXX'],
    ['a GitHub token', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789'],
  ]
  for (const [name, value] of forms) {
    test(`${name} within other text → redacted`, () => assert.ok(!text(`before ${value} after`).includes(value)))
  }

  const shown: readonly string[] = [
    'MountVolume.SetUp failed for volume "s" : secret "database" not found',
    'pods "d" is forbidden: User "system:serviceaccount:jobs:default" cannot get resource "pods"',
    'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space',
    'https://kubernetes.default.svc/api/v1/namespaces/spark/pods/d',
    'Successfully started service on port 7078.',
    'abfss://container-of-sixteen@account.dfs.core.windows.net/path',
    'spark.authenticate.secret must be set',
    'password is required',
    'the token is expired',
    'rate limited by token bucket',
    'Token bucket is full',
    'secret key not found',
    'Basic authentication required',
    'references non-existent secret key: password',
    "couldn't find key password in Secret jobs/database",
    'java.lang.IllegalArgumentException: token: expected one of',
    'org.apache.hadoop.security.token.SecretManager$InvalidToken: token (x) expired',
    '26/11/24 11:50:00 INFO HadoopDelegationTokenManager: Attempting to login',
    'cannot resolve column `password`, given input columns: [user, password, name]',
    "Syntax error at or near 'password'",
    'Unexpected token "select"',
    "Access denied for user 'a'@'h' (using password: YES)",
    'https://host:8080/path@v2',
    's3a://bucket/a:b@c',
    'https://registry.example:5000/spark@sha256:0123456789abcdef',
    'docker run -u 1000:1000 x',
    'time.taken=5seconds',
    'spark.hadoop.fs.s3a.aws.credentials.provider=com.example.Missing',
    'AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/token',
    'spark.security.credentials.hive.enabled=false',
    'spark.kubernetes.driver.secretKeyRef.DB_PASSWORD=database:password',
    'spark.ssl.keyPassword=*********(redacted)',
    'DB_PASSWORD=$(OTHER)',
    'maxTokens=17',
    'env: [{"name":"DB_PASSWORD","valueFrom":{"secretKeyRef":{"name":"database","key":"password"}}}]',
    '{"secret":{"secretName":"database","items":[{"key":"token","path":"token"}]}}',
  ]
  for (const line of shown) test(`"${line}" → unchanged`, () => assert.equal(text(line), line))

  test('an object with secrets in its environment, arguments, maps and annotations → only the secrets are redacted', () => {
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

  test('a value that was found under a secret name → is redacted in text without that name', () => {
    const known = findSecrets({
      env: [{ name: 'API_TOKEN', value: secret }],
      args: [`spark.a.password=other-${secret}`],
    })
    const redactor = createRedactor(known)
    assert.equal(redactor.text(`cannot log in as (${secret})`), 'cannot log in as ([redacted])')
    assert.ok(!redactor.text(`other-${secret}`).includes('other'))
  })

  test('any value after a secret name → redacted', () => {
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

  test('JSON with secrets → is still valid JSON, and the text around the secrets is kept', () => {
    const line = JSON.stringify({ msg: `{"password":"a\\"b","x":1} password='c d' end`, token: 'e"f', n: 1 })
    const shownLine = JSON.parse(text(line))
    assert.deepEqual(shownLine, {
      msg: `{"password":"[redacted]","x":1} password='[redacted]' end`,
      token: '[redacted]',
      n: 1,
    })
    assert.equal(text(`got ${line} from h`).split('[redacted]').length, 4)
    assert.equal(text('{ "spaces" :  "stay" }'), '{ "spaces" :  "stay" }')
  })

  test('an object with a non-secret value under a secret name → unchanged', () => {
    const object = {
      env: [{ name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'database', key: 'password' } } }],
      automountServiceAccountToken: true,
      spec: { tokenExpirationSeconds: 3600, secrets: [{ name: 'database', path: '/mnt' }] },
      volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
    }
    assert.deepEqual(json(object), object)
    assert.deepEqual(json({ passwords: ['a1b2c3'], dbPassword: 4711 }), {
      passwords: ['[redacted]'],
      dbPassword: '[redacted]',
    })
  })

  test('text is redacted twice → the result is the same', () => {
    for (const line of hidden) assert.equal(text(text(line)), text(line))
  })

  test('names of secrets and other names → only the names of secrets are recognized', () => {
    for (const name of [
      'DB_PASSWORD',
      'spark.hadoop.fs.s3a.access.key',
      'AWS_SECRET_ACCESS_KEY',
      'token',
      'sasl.jaas.config',
      'spark.hadoop.fs.s3a.acess.kye',
      'dbPasswrd',
      'auth_tokne',
      'AWS_SERCET_ACCESS_KEY',
      'fs.azure.account.key.a.dfs.core.windows.net',
    ])
      assert.ok(isSecretName(name), name)
    for (const name of [
      'secretName',
      'spark.driver.memory',
      'HOME',
      'serviceAccountToken',
      'spark.app.name',
      'time.taken',
      'selector',
      'broken',
      'tokenFile',
      'passwordMinLength',
      'compass',
      'keyboard',
      'accessKeyProvider',
    ])
      assert.ok(!isSecretName(name), name)
  })
})
