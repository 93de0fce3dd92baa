import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { findSecrets } from '../../../cli/redaction/discovered-secrets.ts'
import { isFalsePositive, isPlainWord } from '../../../cli/redaction/false-positives.ts'
import { KeyLines } from '../../../cli/redaction/key-lines.ts'
import { createRedactor } from '../../../cli/redaction/redactor.ts'

const { text } = createRedactor()

/** A notation of a secret, and a filter for the secrets that the notation can represent unambiguously. */
interface Form {
  readonly write: (secret: string) => string
  readonly accepts?: (secret: string) => boolean
}

const json = (value: unknown) => JSON.stringify(value)
const noBlank = (secret: string) => !/\s/.test(secret)
/** A value that starts with a quote, a bracket or another special character is parsed differently. */
const bare = (secret: string) => noBlank(secret) && !/^(?:["'`{[|>\\$-]|\[redacted)/.test(secret)
/** The value of a settings line may contain blanks, but neither starts nor ends with one. */
const toEnd = (secret: string) => secret === secret.trim() && !/^(?:["'`{[|>\\$-]|\[redacted)|\n|\r|\\$/.test(secret)
const inList = (secret: string) => toEnd(secret) && !/[,;(){}[\]]/.test(secret)

const forms: Readonly<Record<string, Form>> = {
  'an assignment in a log line': {
    write: (s) => `26/11/24 11:50:00 INFO App: login password=${s} failed`,
    accepts: bare,
  },
  'a line of a properties file': { write: (s) => `spark.ssl.keyPassword=${s}`, accepts: toEnd },
  'a misspelt key': { write: (s) => `spark.hadoop.fs.s3a.acess.kye=${s}`, accepts: toEnd },
  'a column': { write: (s) => `spark.authenticate.secret     ${s}`, accepts: toEnd },
  'a line of YAML': { write: (s) => `  password: ${s}`, accepts: (s) => toEnd(s) && /\d/.test(s) },
  'a block of YAML': {
    write: (s) => `  password: |\n    ${s}\n    ${s}\n  user: x`,
    accepts: (s) => /^[^\s-][^\r\n]*$/.test(s),
  },
  'an entry of a Java map': { write: (s) => `opened with {user=a, password=${s}, host=h}`, accepts: inList },
  JSON: { write: (s) => json({ user: 'a', password: s, host: 'h' }) },
  'JSON inside a sentence': { write: (s) => `sent ${json({ password: s, host: 'h' })} to h` },
  'JSON in JSON': { write: (s) => json({ msg: json({ password: s, host: 'h' }) }) },
  'JSON in JSON inside a sentence': { write: (s) => `sent ${json({ msg: json({ password: s, host: 'h' }) })} to h` },
  'an assignment in JSON': {
    write: (s) => `sent ${json({ url: `x?password=${s}` })} to h`,
    accepts: (s) => bare(s) && !/["\\]/.test(s),
  },
  'an argument in JSON': { write: (s) => json(['--conf', `spark.ssl.keyPassword=${s}`]), accepts: toEnd },
  'a separate argument': { write: (s) => json(['--password', s, '--verbose']) },
  'an environment': { write: (s) => json({ name: 'DB_PASSWORD', value: s }) },
  'a URL': {
    write: (s) => `cannot open postgres://user:${s}@host:5432/x`,
    accepts: (s) => noBlank(s) && !/[<>"'`\\]|^\d{1,5}[/?#]/.test(s),
  },
  'a JDBC URL': { write: (s) => `opening jdbc:mysql://h:3306/d?user=a&password=${s}`, accepts: bare },
  'curl -u': { write: (s) => `+ curl -s -u bob:${s} https://h/`, accepts: (s) => bare(s) && !/^\d+$/.test(s) },
  'sshpass -p': { write: (s) => `+ sshpass -p ${s} ssh h`, accepts: bare },
  'an option': { write: (s) => `+ app --db-password ${s} --verbose`, accepts: (s) => bare(s) && /\d/.test(s) },
  'an option with =': { write: (s) => `+ app --password=${s} --verbose`, accepts: bare },
  SQL: {
    write: (s) => `CREATE USER a IDENTIFIED BY '${s.replaceAll("'", "''")}' ACCOUNT LOCK`,
    accepts: (s) => !/[\\\r\n]/.test(s),
  },
  'a sentence': { write: (s) => `the password is ${s} of course`, accepts: (s) => bare(s) && /\d/.test(s) },
  XML: {
    write: (s) =>
      `<name>fs.s3a.secret.key</name><value>${s.replace(/[<&]/g, (sign) => (sign === '<' ? '&lt;' : '&amp;'))}</value>`,
    accepts: (s) => !/[\r\n]/.test(s),
  },
  'a bearer': { write: (s) => `Authorization: Bearer ${s}`, accepts: bare },
}

const secrets = fc
  .oneof(
    fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme-ascii' }),
    fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme' }),
    fc.string({ minLength: 6, maxLength: 40, unit: fc.constantFrom(...'ab1 "\'\\/@:=,;{}[]()<>&%$#-_.|') }),
  )
  .filter((secret) => !isFalsePositive(secret) && secret.trim().length >= 6)

/** Asserts that `shown` contains no six consecutive characters of the secret, except those that `withoutSecret` contains. */
function assertHidden(secret: string, shown: string, withoutSecret: string): void {
  for (let at = 0; at + 6 <= secret.length; at += 1) {
    const piece = secret.slice(at, at + 6)
    if (piece.trim().length < 6 || withoutSecret.includes(piece)) continue
    assert.ok(!shown.includes(piece), `${json(piece)} of ${json(secret)} in ${json(shown)}`)
  }
}

describe('redaction of arbitrary secrets', () => {
  for (const [name, { write, accepts = () => true }] of Object.entries(forms)) {
    test(`a secret of any characters in ${name} → redacted`, () => {
      const withoutSecret = `${write('')} ${text(write('S3cr3t-Value_9x'))}`
      fc.assert(
        fc.property(secrets.filter(accepts), (secret) => {
          const once = text(write(secret))
          assertHidden(secret, once, withoutSecret)
          assertHidden(json(secret).slice(1, -1), once, withoutSecret)
        }),
        { numRuns: 400 },
      )
    })
  }

  test('a known secret anywhere in a text, even cut at the end of a line → redacted', () => {
    const around = fc.constantFrom('', ' ', '(', '"', 'x', '=', ': ')
    const known = secrets.filter((secret) => !isPlainWord(secret.trim()) && toEnd(secret))
    fc.assert(
      fc.property(known, around, around, fc.nat(), (secret, before, after, cut) => {
        const redactor = createRedactor(findSecrets({ env: [{ name: 'DB_PASSWORD', value: secret }] }))
        const whole = `cannot log in as ${before}${secret}${after}`
        const line = whole.slice(0, whole.length - after.length - (cut % secret.length))
        for (const shownLine of [whole, line])
          assertHidden(secret, redactor.text(shownLine), 'cannot log in as [redacted]')
        assertHidden(secret, JSON.stringify(redactor.json({ message: whole })), '"cannot log in as [redacted]')
      }),
      { numRuns: 1000 },
    )
  })

  test('a secret found in a URL, a sentence or an option → redacted in later texts', () => {
    for (const argument of ['postgres://u:Hunter+2%2F9@h/x', 'the password is Hunter+2/9', '--password=Hunter+2/9']) {
      const redactor = createRedactor(findSecrets({ args: [argument] }))
      assert.equal(redactor.text('bad login: Hunter+2/9'), 'bad login: [redacted]', argument)
    }
  })

  test('a short secret or an ordinary word → redacted only as a separate word', () => {
    const redactor = createRedactor(['ab1', 'spark', 'hunter'], new Set(['jobs']))
    assert.equal(
      redactor.text('cannot log in as (hunter), ab1 or "spark".'),
      'cannot log in as ([redacted]), [redacted] or "[redacted]".',
    )
    for (const kept of ['org.apache.spark.SparkException', '/opt/spark/jars', 'spark-role=driver', 'cab12', 'jobs']) {
      assert.equal(redactor.text(kept), kept)
    }
  })

  test('secrets over several lines of a log → redacted, and the lines after them are kept', () => {
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
    assert.equal(text(lines.join('\n')), shown.join('\n'), 'a whole text must give the same result as its lines')
  })
})
