import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SavedLog } from '../../../cli/diagnosis/saved-log.ts'

const saveText = (text: string, half?: number) => {
  const log = new SavedLog((line) => line.replaceAll('hunter2', '[redacted]'), half)
  log.write(new TextEncoder().encode(text))
  return log.text()
}

describe('SavedLog', () => {
  test('a short log → saved completely, with its secrets redacted', () => {
    assert.equal(saveText('a\npassword hunter2\nb'), 'a\npassword [redacted]\nb\n')
  })

  test('a long log → its beginning and its end are saved', () => {
    const lines = Array.from({ length: 1000 }, (_, n) => `line ${n}`)
    const text = saveText(lines.join('\n'), 200)
    assert.match(text, /^line 0\nline 1\n/)
    assert.match(text, /\nline 999\n$/)
    assert.match(text, /\n\[spark-nanny: \d+ lines omitted\]\n/)
    assert.ok(text.length < 800)
    const left = Number(/(\d+) lines omitted/.exec(text)?.[1])
    assert.equal(text.trimEnd().split('\n').length - 1 + left, 1000)
  })

  test('a private key in the log → every line of the key is redacted', () => {
    const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabcd\n-----END RSA PRIVATE KEY-----'
    const text = saveText(`before\n${key}\nafter\n`)
    assert.doesNotMatch(text, /MIIEow|abcd/)
    assert.match(text, /before\n[\s\S]*after\n$/)
  })

  test('a private key without its end → later lines are kept', () => {
    const text = saveText(`-----BEGIN PRIVATE KEY-----\n${'MIIEow\n'.repeat(40)}${'line\n'.repeat(400)}`)
    assert.doesNotMatch(text, /MIIEow/)
    assert.equal(text.match(/^line$/gm)?.length, 240)
  })
})
