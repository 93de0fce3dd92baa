import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseFromController } from '../../../webhook/controller-thread/messages.ts'

describe('parseFromController', () => {
  test('a report → as it was sent', () => {
    const report = { isLeader: true, stale: { drivers: true }, suspensions: { spark: 'no' }, memoryBytes: 5 }
    assert.deepEqual(parseFromController({ kind: 'report', report }), { kind: 'report', report })
    const unlisted = { ...report, suspensions: null }
    assert.deepEqual(parseFromController({ kind: 'report', report: unlisted }), { kind: 'report', report: unlisted })
  })

  test('texts and lists that are too long → refused or cut', () => {
    const long = 'x'.repeat(9_000_000)
    assert.equal(parseFromController({ kind: 'metrics', id: 1, text: long }), undefined)
    assert.equal(parseFromController({ kind: 'log', text: long, dropped: 0 }), undefined)
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`n${index}`, long.slice(0, 2_000)]))
    const report = { isLeader: false, stale: many, suspensions: many, memoryBytes: 1 }
    const parsed = parseFromController({ kind: 'report', report })
    assert.ok(parsed?.kind === 'report')
    assert.equal(Object.keys(parsed.report.stale).length, 32)
    assert.equal(Object.keys(parsed.report.suspensions ?? {}).length, 10_000)
    assert.equal(parsed.report.suspensions?.n0?.length, 501)
  })

  test('any value → a message or undefined, and never an exception', () => {
    const kinds = fc.constantFrom('report', 'metrics', 'log', 'stopped', 'other')
    const key = fc.constantFrom('report', 'text', 'id', 'dropped', 'isLeader', 'stale', 'suspensions', 'memoryBytes')
    const message = fc.tuple(kinds, fc.dictionary(key, fc.anything({ key, maxDepth: 3 })))
    fc.assert(fc.property(message, ([kind, fields]) => void parseFromController({ kind, ...fields })))
    fc.assert(fc.property(fc.anything(), (value) => void parseFromController(value)))
  })
})
