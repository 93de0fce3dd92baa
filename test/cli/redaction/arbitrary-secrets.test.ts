import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { findSecrets } from '../../../cli/redaction/discovered-secrets.ts'
import { isFalsePositive, isPlainWord } from '../../../cli/redaction/false-positives.ts'
import { KeyLines } from '../../../cli/redaction/key-lines.ts'
import { createRedactor } from '../../../cli/redaction/redactor.ts'

const { text } = createRedactor()

/** A way to write a secret, and which secrets can be written so without meaning another one. */
interface Form {
  readonly write: (secret: string) => string
  readonly takes?: (secret: string) => boolean
}

const json = (value: unknown) => JSON.stringify(value)
const noBlank = (secret: string) => !/\s/.test(secret)
/** A value in quotes, in braces or with a sign of its own in front is read as such. */
const bare = (secret: string) => noBlank(secret) && !/^(?:["'`{[|>\\$-]|\[redacted)/.test(secret)
/** The rest of a line of settings may hold blanks, but neither begins nor ends with one. */
const toEnd = (secret: string) => secret === secret.trim() && !/^(?:["'`{[|>\\$-]|\[redacted)|\n|\r|\\$/.test(secret)
const inList = (secret: string) => toEnd(secret) && !/[,;(){}[\]]/.test(secret)

const forms: Readonly<Record<string, Form>> = {
  'an assignment in a log line': {
    write: (s) => `26/11/24 11:50:00 INFO App: login password=${s} failed`,
    takes: bare,
  },
  'a line of a properties file': { write: (s) => `spark.ssl.keyPassword=${s}`, takes: toEnd },
  'a misspelt key': { write: (s) => `spark.hadoop.fs.s3a.acess.kye=${s}`, takes: toEnd },
  'a column': { write: (s) => `spark.authenticate.secret     ${s}`, takes: toEnd },
  'a line of YAML': { write: (s) => `  password: ${s}`, takes: (s) => toEnd(s) && /\d/.test(s) },
  'a block of YAML': {
    write: (s) => `  password: |\n    ${s}\n    ${s}\n  user: x`,
    takes: (s) => /^[^\s-][^\r\n]*$/.test(s),
  },
  'an entry of a Java map': { write: (s) => `opened with {user=a, password=${s}, host=h}`, takes: inList },
  JSON: { write: (s) => json({ user: 'a', password: s, host: 'h' }) },
  'JSON that goes on': { write: (s) => `sent ${json({ password: s, host: 'h' })} to h` },
  'JSON in JSON': { write: (s) => json({ msg: json({ password: s, host: 'h' }) }) },
  'JSON in JSON that goes on': { write: (s) => `sent ${json({ msg: json({ password: s, host: 'h' }) })} to h` },
  'an assignment in JSON': {
    write: (s) => `sent ${json({ url: `x?password=${s}` })} to h`,
    takes: (s) => bare(s) && !/["\\]/.test(s),
  },
  'an argument in JSON': { write: (s) => json(['--conf', `spark.ssl.keyPassword=${s}`]), takes: toEnd },
  'an argument of its own': { write: (s) => json(['--password', s, '--verbose']) },
  'an environment': { write: (s) => json({ name: 'DB_PASSWORD', value: s }) },
  'a URL': {
    write: (s) => `cannot open postgres://user:${s}@host:5432/x`,
    takes: (s) => noBlank(s) && !/[<>"'`\\]|^\d{1,5}[/?#]/.test(s),
  },
  'a JDBC URL': { write: (s) => `opening jdbc:mysql://h:3306/d?user=a&password=${s}`, takes: bare },
  'curl -u': { write: (s) => `+ curl -s -u bob:${s} https://h/`, takes: (s) => bare(s) && !/^\d+$/.test(s) },
  'sshpass -p': { write: (s) => `+ sshpass -p ${s} ssh h`, takes: bare },
  'an option': { write: (s) => `+ app --db-password ${s} --verbose`, takes: (s) => bare(s) && /\d/.test(s) },
  'an option with =': { write: (s) => `+ app --password=${s} --verbose`, takes: bare },
  SQL: {
    write: (s) => `CREATE USER a IDENTIFIED BY '${s.replaceAll("'", "''")}' ACCOUNT LOCK`,
    takes: (s) => !/[\\\r\n]/.test(s),
  },
  'a sentence': { write: (s) => `the password is ${s} of course`, takes: (s) => bare(s) && /\d/.test(s) },
  XML: {
    write: (s) =>
      `<name>fs.s3a.secret.key</name><value>${s.replace(/[<&]/g, (sign) => (sign === '<' ? '&lt;' : '&amp;'))}</value>`,
    takes: (s) => !/[\r\n]/.test(s),
  },
  'a bearer': { write: (s) => `Authorization: Bearer ${s}`, takes: bare },
}

const secrets = fc
  .oneof(
    fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme-ascii' }),
    fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme' }),
    fc.string({ minLength: 6, maxLength: 40, unit: fc.constantFrom(...'ab1 "\'\\/@:=,;{}[]()<>&%$#-_.|') }),
  )
  .filter((secret) => !isFalsePositive(secret) && secret.trim().length >= 6)

/** No six characters of it in a row, that are not in what is written without it. */
function assertHidden(secret: string, shown: string, otherwise: string): void {
  for (let at = 0; at + 6 <= secret.length; at += 1) {
    const piece = secret.slice(at, at + 6)
    if (piece.trim().length < 6 || otherwise.includes(piece)) continue
    assert.ok(!shown.includes(piece), `${json(piece)} of ${json(secret)} in ${json(shown)}`)
  }
}

describe('redaction of arbitrary secrets', () => {
  for (const [name, { write, takes = () => true }] of Object.entries(forms)) {
    test(`a secret of any characters is hidden in ${name}`, () => {
      const otherwise = `${write('')} ${text(write('S3cr3t-Value_9x'))}`
      fc.assert(
        fc.property(secrets.filter(takes), (secret) => {
          const once = text(write(secret))
          assertHidden(secret, once, otherwise)
          assertHidden(json(secret).slice(1, -1), once, otherwise)
        }),
        { numRuns: 400 },
      )
    })
  }

  test('a secret that is known is hidden wherever it stands, also where a line was cut', () => {
    const around = fc.constantFrom('', ' ', '(', '"', 'x', '=', ': ')
    const known = secrets.filter((secret) => !isPlainWord(secret.trim()) && toEnd(secret))
    fc.assert(
      fc.property(known, around, around, fc.nat(), (secret, before, after, cut) => {
        const redactor = createRedactor(findSecrets({ env: [{ name: 'DB_PASSWORD', value: secret }] }))
        const whole = `cannot log in as ${before}${secret}${after}`
        const line = whole.slice(0, whole.length - after.length - (cut % secret.length))
        for (const given of [whole, line]) assertHidden(secret, redactor.text(given), 'cannot log in as [redacted]')
        assertHidden(secret, JSON.stringify(redactor.json({ message: whole })), '"cannot log in as [redacted]')
      }),
      { numRuns: 1000 },
    )
  })

  test('what stands in a URL or in a sentence is known from then on', () => {
    for (const told of ['postgres://u:Hunter+2%2F9@h/x', 'the password is Hunter+2/9', '--password=Hunter+2/9']) {
      const redactor = createRedactor(findSecrets({ args: [told] }))
      assert.equal(redactor.text('bad login: Hunter+2/9'), 'bad login: [redacted]', told)
    }
  })

  test('a short secret, or an ordinary word, is hidden where it stands by itself', () => {
    const redactor = createRedactor(['ab1', 'spark', 'hunter'], new Set(['jobs']))
    assert.equal(
      redactor.text('cannot log in as (hunter), ab1 or "spark".'),
      'cannot log in as ([redacted]), [redacted] or "[redacted]".',
    )
    for (const kept of ['org.apache.spark.SparkException', '/opt/spark/jars', 'spark-role=driver', 'cab12', 'jobs']) {
      assert.equal(redactor.text(kept), kept)
    }
  })

  test('secrets over several lines of a log, and what follows them', () => {
    const lines = [
      'db:',
      '  password: |',
      '    S3cr3t-Value_9x',
      '    more-of-1t',
      '  user: kept',
      'token: >-',
      '  S3cr3t-Value_9x',
      'kept: 1',
      '- name: DB_PASSWORD',
      '  value: S3cr3t-Value_9x',
      '  kept: 2',
      'password:',
      '  S3cr3t-Value_9x',
      '26/11/24 11:50:00 INFO App: password="S3cr3t-',
      'Value_9x"',
      '26/11/24 11:50:00 INFO App: kept',
      'secret:',
      '  secretName: kept',
      'password=S3cr3t\\',
      '  -Value_9x',
      'kept',
    ]
    const keyLines = new KeyLines()
    const shown = lines.map((line) => (keyLines.isInside(line) ? '[redacted]' : text(line)))
    assert.equal(shown.length, lines.length)
    assert.doesNotMatch(shown.join('\n'), /S3cr3t|Value_9x|more-of/)
    assert.equal(shown.filter((line) => line.includes('kept')).length, 6)
    assert.equal(text(lines.join('\n')), shown.join('\n'), 'a text is as its lines')
  })
})
