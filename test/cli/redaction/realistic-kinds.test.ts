import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createRedactor, redactedText } from '../../../cli/redaction/redactor.ts'
import { redactSecrets } from '../../../sidecar/redact.ts'

const { text, json } = createRedactor()
const base64 = (value: string) => Buffer.from(value).toString('base64')

/** Random words of so many characters of an alphabet, with a digit, a capital and a small letter. */
const word = (length: number, alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789') =>
  fc
    .string({ unit: fc.constantFrom(...alphabet), minLength: length, maxLength: length })
    .filter((value) => /\d/.test(value) && (!/[A-Z]/.test(alphabet) || (/[A-Z]/.test(value) && /[a-z]/.test(value))))
const hex = (length: number) => word(length, '0123456789abcdef')

/** Each kind of secret: how it occurs in a line, and the part that must not be shown. */
type Kind = readonly [name: string, secret: fc.Arbitrary<string>, write: (secret: string) => string]

const kinds: readonly Kind[] = [
  ['a signed URL of Google', hex(64), (s) => `GET https://h/o?X-Goog-Expires=900&X-Goog-Signature=${s} 403`],
  ['the credential of a signed URL', word(20), (s) => `GET https://h/o?X-Goog-Credential=${s}%2F2026 403`],
  ['.dockerconfigjson', word(12), (s) => `{"auths":{"r.example":{"auth":"${base64(`bob:${s}`)}"}}}`],
  ['.dockerconfigjson in a log line', word(12), (s) => `read {"r.example":{"auth":"${base64(`bob:${s}`)}"}} from x`],
  ['a kubeconfig', word(40), (s) => `    client-key-data: ${s}`],
  ['a private key in base64', word(40), (s) => `key ${base64(`-----BEGIN RSA PRIVATE KEY-----\n${s}`)} loaded`],
  ['JSON in base64', word(40), (s) => `account ${base64(`{"type":"service_account","key":"${s}"}`)} loaded`],
  ['SendGrid', word(43), (s) => `mail SG.${s.slice(0, 22)}.${s} sent`],
  ['PyPI', word(60), (s) => `uploading with pypi-AgEIcHlwaS5vcmc${s} now`],
  ['DigitalOcean', hex(64), (s) => `doctl dop_v1_${s} x`],
  ['Doppler', word(43), (s) => `doppler dp.st.prd.${s} x`],
  ['Terraform Cloud', word(60), (s) => `tf ${s.slice(0, 14)}.atlasv1.${s} x`],
  ['Twilio', hex(32), (s) => `twilio SK${s} x`],
  ['Entra ID', word(34), (s) => `login abc8Q~${s} x`],
  ['a refresh token of Google', word(60), (s) => `refresh 1//0${s} x`],
  ['Vault', word(24), (s) => `vault s.${s} x`],
  ['Vault with a prefix', word(90), (s) => `vault hvb.${s} x`],
  ['Grafana', word(32), (s) => `grafana glsa_${s} x`],
  ['boto', word(40), (s) => `Credentials(AKIAIOSFODNN7EXAMPLE, ${s}, None)`],
  ['boto with a short secret', word(12), (s) => `Credentials(access_key='AKIAIOSFODNN7EXAMPLE', key='${s}', x=None)`],
  ['pw=', word(12), (s) => `login user=bob pw=${s} ok`],
  ['otp=', word(8), (s) => `login user=bob otp=${s} ok`],
  ['auth=', word(16), (s) => `GET /x?user=bob&auth=${s} ok`],
  ['pin=', word(8, '123456789'), (s) => `login user=bob pin=${s} ok`],
  ['netrc', word(12), (s) => `machine db.example login bob password ${s}`],
  ['a prompt', word(12), (s) => `Password for user bob: ${s}`],
  ['columns with a tab', word(12), (s) => `db.password\t${s}`],
  ['a table', word(12), (s) => `| db_password | ${s} | yes |`],
  ['a key of PuTTY', word(64), (s) => `Private-Lines: 1\n${s}\nPrivate-MAC: ab${s.slice(0, 30)}`],
  ['an escaped colon', word(12), (s) => `"url":"x?password\\u003a${s}"`],
  ['an encoded colon', word(12), (s) => `x?password%3A${s}`],
  ['a full-width name', word(12), (s) => `ｐａｓｓｗｏｒｄ＝${s}`],
  ['a name with zero-width characters', word(12), (s) => `pass\u200bword=${s}`],
]

describe('redactor with realistic kinds of secrets', () => {
  for (const [name, secret, write] of kinds) {
    test(`${name} → no eight characters of the secret are shown`, () =>
      fc.assert(
        fc.property(secret, (value) => {
          const line = write(value)
          const shown = text(line)
          for (const form of [value, base64(`bob:${value}`), base64(value)]) {
            for (let at = 0; at + 8 <= form.length; at++) assert.ok(!shown.includes(form.slice(at, at + 8)), shown)
          }
          assert.equal(text(shown), shown)
          assert.equal(shown.split('\n').length, line.split('\n').length)
        }),
        { numRuns: 20 },
      ))
  }

  test('the auth of a registry in an object → redacted, another auth is not', () => {
    assert.deepEqual(json({ auth: base64('bob:hunter22') }), { auth: redactedText })
    for (const auth of ['kerberos', 'simple', 'none', '']) assert.deepEqual(json({ auth }), { auth })
  })
})

const shown: readonly string[] = [
  'UserGroupInformation: bob (auth:SIMPLE) from:bob (auth:KERBEROS)',
  'hive.server2.auth=kerberos',
  'spark.task.pin=true',
  'a.s.someMethodNameOfTwentyFourL',
  'at org.apache.spark.sql.SQLContext.s.apply(SQLContext.scala:12)',
  'caBundle: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM4RENDQWRpZ0F3SUJBZ0lC',
  'secret  not found in the namespace',
  '| password | name | age |',
  '|token|   17|',
  'token    /var/run/secrets/token',
  'Password for user bob: incorrect',
  'WARN SK Telecom joined',
  'SG.x.y',
  'Credentials(None)',
  'client.keystore loaded',
  'Keyboard data: x',
  '日本語 のログ',
]

describe('ordinary text', () => {
  for (const line of shown) test(`"${line}" → unchanged`, () => assert.equal(text(line), line))

  test('logs and Events of real drivers → nothing is redacted that was not before', () => {
    const dir = join(import.meta.dirname, '../../data/crashes')
    const files = globSync('**/{driver.log,events.json}', { cwd: dir })
    assert.ok(files.length >= 12)
    for (const file of files) {
      for (const line of readFileSync(join(dir, file), 'utf8').split('\n')) {
        // The sign-in of Hadoop and the names of token managers are not secrets.
        assert.ok(!text(line).includes(redactedText), `${file}: ${text(line)}`)
      }
    }
  })
})

const sidecarKinds = new Set([
  'a signed URL of Google',
  'a private key in base64',
  'JSON in base64',
  'SendGrid',
  'PyPI',
  'DigitalOcean',
  'Entra ID',
  'Grafana',
  'pw=',
  'an escaped colon',
  'an encoded colon',
  'a prompt',
])

describe('redactSecrets of the sidecar', () => {
  for (const [name, secret, write] of kinds.filter(([one]) => sidecarKinds.has(one))) {
    test(`${name} → no eight characters of the secret are shown`, () =>
      fc.assert(
        fc.property(secret, (value) => {
          const masked = redactSecrets(write(value))
          for (const form of [value, base64(value)])
            for (let at = 0; at + 8 <= form.length; at++) assert.ok(!masked.includes(form.slice(at, at + 8)), masked)
        }),
        { numRuns: 20 },
      ))
  }

  const rows: readonly (readonly [string, string])[] = [
    [`password='a b c'`, `password='***'`],
    ['{"password":"a b \\"c\\""}', '{"password":"***"}'],
    [`CREATE USER x IDENTIFIED BY 'a b'`, `CREATE USER x IDENTIFIED BY '***'`],
    ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', '***'],
    ['-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADAN\\n-----END PRIVATE KEY-----', '***'],
    ['jdbc:oracle:thin:scott/tiger@//h:1521/x', 'jdbc:oracle:thin:***@//h:1521/x'],
    ['count at Token.java:12', 'count at Token.java:12'],
    ['select token, password from users where id = 7', 'select token, password from users where id = 7'],
    ['ThreadPoolExecutor-task-launch-worker-7', 'ThreadPoolExecutor-task-launch-worker-7'],
  ]
  for (const [given, expected] of rows)
    test(`${given} → ${expected}`, () => assert.equal(redactSecrets(given), expected))

  test('hostile repetitions → the time stays small', () => {
    const before = process.cpuUsage()
    for (const piece of [
      'password=',
      'eyJ',
      'LS0tLS1CRUdJTi',
      "identified by '",
      '-----BEGIN PRIVATE KEY-----',
      'SG.a',
      '://a:',
      'token "',
      'secret for ',
    ])
      redactSecrets(piece.repeat(100_000 / piece.length))
    assert.ok(process.cpuUsage(before).user < 20_000_000)
  })
})
