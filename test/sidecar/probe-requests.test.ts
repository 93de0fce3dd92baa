import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  createProbeWitness,
  noProbeRequests,
  type ProbePath,
  recordProbeRequest,
} from '../../sidecar/probe-requests.ts'

const secondMs = 1_000
type Request = readonly [path: ProbePath, passes: boolean, atMs: number]
const fails = (atMs: number): Request => ['/startedz', false, atMs * secondMs]
const passes = (atMs: number): Request => ['/startedz', true, atMs * secondMs]
const ready = (atMs: number): Request => ['/readyz', true, atMs * secondMs]
const record = (requests: readonly Request[]) =>
  requests.reduce((state, [path, passed, atMs]) => recordProbeRequest(state, path, passed, atMs), noProbeRequests)

const rows: readonly (readonly [title: string, requests: readonly Request[], repeated: boolean])[] = [
  ['no request', [], false],
  ['the startup probe fails each second', [fails(0), fails(1), fails(2)], false],
  ['it passes, and readiness follows', [fails(0), passes(1), ready(3), ready(5)], false],
  ['it passes, is confirmed, and begins again', [passes(1), ready(3), passes(60)], true],
  ['it begins again and fails', [passes(1), ready(3), fails(60)], true],
  ['the kubelet has missed the 200', [passes(1), passes(12), passes(23), ready(25)], false],
  ['no readiness probe, and it begins again after a minute', [passes(1), passes(62)], true],
  ['a sidecar that started after it had passed', [ready(0), ready(2), passes(30)], true],
  ['another client requests /readyz while it fails', [fails(0), ready(0.5), fails(1), ready(1.5), fails(2)], false],
  ['another client requests /readyz before it has begun', [ready(0), fails(1), fails(2)], true],
]

describe('recordProbeRequest', () => {
  for (const [title, requests, repeated] of rows) {
    test(`${title} → ${repeated ? 'repeated' : 'not repeated'}`, () => {
      assert.equal(record(requests).hasRepeated, repeated)
      assert.equal(record(requests).made, requests.length > 0)
    })
  }

  test('a startup probe that has never passed, with requests of /readyz in between → never repeated', () => {
    const paths = fc.array(fc.constantFrom<ProbePath>('/startedz', '/readyz'), { maxLength: 30 })
    fc.assert(
      fc.property(paths, (list) => {
        const requests = list.map((path, index): Request => [path, false, index * secondMs])
        assert.equal(record([fails(0), ...requests]).hasRepeated, false)
      }),
    )
  })
})

describe('createProbeWitness', () => {
  test('a startup probe that begins again → taken once', () => {
    const witness = createProbeWitness(() => 0)
    assert.equal(witness.driverWasProbed(), false)
    witness.onRequest('/startedz', true)
    witness.onRequest('/readyz', true)
    assert.deepEqual([witness.driverWasProbed(), witness.takeRepeatedStartup()], [true, false])
    witness.onRequest('/startedz', true)
    assert.deepEqual([witness.takeRepeatedStartup(), witness.takeRepeatedStartup()], [true, false])
  })
})
