import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { buildEvent } from '../../kubernetes/event.ts'

const nowMs = Date.parse('2026-11-24T10:00:00.123Z')
const subject = { apiVersion: 'v1', kind: 'Pod', namespace: 'spark', name: 'pi-driver', uid: 'uid-1' }
const content = {
  type: 'Warning',
  reason: 'SparkNannyDriverStuck',
  message: 'No node takes it',
  dedupKey: 'pending',
} as const

const build = (more: object = {}, of: object = {}) =>
  buildEvent({ ...subject, ...of }, { ...content, ...more }, 'a-process', nowMs) as {
    readonly metadata: { readonly name: string }
    readonly message: string
    readonly firstTimestamp: string
  }

describe('buildEvent', () => {
  test('same object, reason and key → same name, independent of the message; otherwise another name', () => {
    const { name } = build().metadata
    assert.equal(build({ message: 'other words' }).metadata.name, name)
    for (const other of [
      build({ reason: 'SparkNannyPodDeleted' }),
      build({ dedupKey: 'x' }),
      build({}, { uid: 'uid-2' }),
    ]) {
      assert.notEqual(other.metadata.name, name)
    }
    assert.equal(build().firstTimestamp, '2026-11-24T10:00:00Z')
  })

  test('a message with line breaks and escape sequences → one line in which they are visible', () => {
    assert.equal(build({ message: 'a\n√ b\u001b[2K\u202ec' }).message, 'a\\n√ b\\u001b[2K\\u202ec')
  })

  test('any valid object name → the Event’s name is valid too', () => {
    // As apimachinery's IsDNS1123Subdomain has it.
    const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
    const valid = new RegExp(`^${label}(\\.${label})*$`)
    const word = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?$/)
    const names = fc.array(word, { minLength: 1, maxLength: 60 }).map((words) => words.join('.').slice(0, 253))
    const cutAtEach = fc.tuple(fc.nat(30), fc.constantFrom('-', '.', '--', 'a.')).map(([at, between]) => {
      return `${'a'.repeat(200 + at)}${between}${'b'.repeat(250)}`.slice(0, 253)
    })
    fc.assert(
      fc.property(fc.oneof(names, cutAtEach), (name) => {
        const { metadata } = build({}, { name })
        assert.ok(metadata.name.length <= 253)
        if (valid.test(name)) assert.match(metadata.name, valid)
      }),
    )
  })

  test('a message longer than 1024 bytes → is truncated between characters', () => {
    const { message } = build({ message: '’'.repeat(1000) })
    assert.ok(Buffer.byteLength(message) <= 1024)
    assert.match(message, /^’+…$/)
  })
})
