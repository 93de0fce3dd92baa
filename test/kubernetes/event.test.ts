import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { buildEvent } from '../../kubernetes/event.ts'

const nowMs = Date.parse('2026-11-24T10:00:00.123Z')
const subject = { apiVersion: 'v1', kind: 'Pod', namespace: 'spark', name: 'pi-driver', uid: 'uid-1' }
const told = {
  type: 'Warning',
  reason: 'SparkNannyDriverStuck',
  message: 'No node takes it',
  dedupKey: 'pending',
} as const

const made = (more: object = {}, of: object = {}) =>
  buildEvent({ ...subject, ...of }, { ...told, ...more }, 'a-process', nowMs) as {
    readonly metadata: { readonly name: string }
    readonly message: string
    readonly firstTimestamp: string
  }

describe('buildEvent', () => {
  test('the same of the same object has the same name, whatever it says; another has another', () => {
    const { name } = made().metadata
    assert.equal(made({ message: 'other words' }).metadata.name, name)
    for (const other of [
      made({ reason: 'SparkNannyPodDeleted' }),
      made({ dedupKey: 'x' }),
      made({}, { uid: 'uid-2' }),
    ]) {
      assert.notEqual(other.metadata.name, name)
    }
    assert.equal(made().firstTimestamp, '2026-11-24T10:00:00Z')
  })

  test('its name is one that the API server takes, for each name that an object can have', () => {
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
        const { metadata } = made({}, { name })
        assert.ok(metadata.name.length <= 253)
        if (valid.test(name)) assert.match(metadata.name, valid)
      }),
    )
  })

  test('a message is cut to what the API takes, between characters', () => {
    const { message } = made({ message: '’'.repeat(1000) })
    assert.ok(Buffer.byteLength(message) <= 1024)
    assert.match(message, /^’+…$/)
  })
})
