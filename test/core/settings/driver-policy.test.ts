import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { deadlineFields, deadlineNames } from '../../../core/settings/deadlines.ts'
import { decodePolicy, encodePolicy, type HungPolicy } from '../../../core/settings/driver-policy.ts'
import { settings } from '../../../core/settings/settings.ts'
import { policyWith } from '../../support/driver-policy.ts'

const policy = policyWith({
  applicationId: 'spark-1',
  statusPort: 9165,
  settings: { interval: { value: '5s', source: 'default' } },
})

/** Plain objects, as JSON gives them back. */
const plain = { noNullPrototype: true } as const
const duration = fc.integer({ min: 1, max: 10 ** 9 })
const budget = fc.record(
  {
    maxRestarts: fc.option(fc.nat()),
    windowMs: fc.option(duration),
    backoffMs: fc.nat(),
  },
  plain,
)
const onHung: fc.Arbitrary<HungPolicy> = fc.oneof(
  fc.record(
    { kind: fc.constantFrom('restart-all-containers' as const, 'restart-driver-container' as const), budget },
    plain,
  ),
  fc.record({ kind: fc.constantFrom('fail-pod' as const, 'observe' as const), budget: fc.constant(null) }, plain),
)

describe('decodePolicy', () => {
  test('an encoded policy → is decoded to the same policy', () => {
    const policies = fc.record(
      {
        applicationId: fc.option(fc.string()),
        onHung,
        intervalMs: duration,
        stallDeadlineMs: fc.option(duration),
        statusPort: fc.integer({ min: 0, max: 65_535 }),
        startupProbeTells: fc.boolean(),
        probeKey: fc.string(),
        debugAgent: fc.boolean(),
        uiProperties: fc.record({ 'spark.ui.port': fc.string() }, plain),
        propertiesFiles: fc.constantFrom([], ['spark.properties'], ['a.conf', 'spark-defaults.conf']),
      },
      plain,
    )
    fc.assert(
      fc.property(policies, (fields) => {
        const whole = { ...policy, ...fields }
        assert.deepEqual(decodePolicy(encodePolicy(whole)), { policy: whole })
      }),
    )
  })

  const wrong: readonly (readonly [string, string | undefined, RegExp])[] = [
    ['absent', undefined, /is not set/],
    ['empty', '', /is not set/],
    ['text that is not JSON', '{', /is not JSON/],
    ['null', 'null', /is not an object/],
    ['a list', '[]', /is not an object/],
    ['an empty object', '{}', /applicationId.*onHung.*settings/],
    ['interval 0', JSON.stringify({ ...policy, intervalMs: 0 }), /wrong intervalMs$/],
    ['timeout as text', JSON.stringify({ ...policy, timeoutMs: '10s' }), /wrong timeoutMs$/],
    ['port 0', JSON.stringify({ ...policy, ui: { scheme: 'http', port: 0 } }), /wrong ui$/],
    ['scheme ftp', JSON.stringify({ ...policy, ui: { scheme: 'ftp', port: 1 } }), /wrong ui$/],
    ['unknown action', JSON.stringify({ ...policy, onHung: { kind: 'explode', budget: null } }), /wrong onHung$/],
    [
      'a restart without a budget',
      JSON.stringify({ ...policy, onHung: { kind: 'restart-all-containers', budget: null } }),
      /wrong onHung$/,
    ],
    ['status port too high', JSON.stringify({ ...policy, statusPort: 65_536 }), /wrong statusPort$/],
    ['two problems', JSON.stringify({ ...policy, statusPort: -1, logLevel: 'loud' }), /wrong statusPort, logLevel$/],
    [
      'UI properties that are not text',
      JSON.stringify({ ...policy, uiProperties: { 'spark.ui.port': 1 } }),
      /wrong uiProperties$/,
    ],
    ['a file outside of its folder', JSON.stringify({ ...policy, propertiesFiles: ['..'] }), /wrong propertiesFiles$/],
    ['a file in a folder', JSON.stringify({ ...policy, propertiesFiles: ['a/b'] }), /wrong propertiesFiles$/],
    [
      'a flag that is not a boolean',
      JSON.stringify({ ...policy, startupProbeTells: 'yes' }),
      /wrong startupProbeTells$/,
    ],
  ]
  for (const [what, text, problem] of wrong) {
    test(`${what} → is rejected`, () => {
      const decoded = decodePolicy(text)
      assert.ok('problem' in decoded)
      assert.match(decoded.problem, problem)
    })
  }

  for (const field of deadlineNames) {
    const { setting, canBeOff } = deadlineFields[field]
    test(`${field} → null only if ${setting} can be off, and never negative`, () => {
      const decode = (value: unknown) => decodePolicy(JSON.stringify({ ...policy, [field]: value }))
      assert.equal(settings[setting].parse('off') === null, canBeOff)
      assert.equal('policy' in decode(null), canBeOff)
      assert.ok('problem' in decode(-1))
      assert.ok('problem' in decode(undefined))
    })
  }

  test('any text → a policy or a problem', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        assert.ok('problem' in decodePolicy(text))
      }),
    )
  })

  test('an action without restarts → its budget must be null, not missing', () => {
    for (const kind of ['fail-pod', 'observe']) {
      assert.ok('problem' in decodePolicy(JSON.stringify({ ...policyWith(), onHung: { kind } })))
      assert.ok('policy' in decodePolicy(JSON.stringify({ ...policyWith(), onHung: { kind, budget: null } })))
    }
  })
})
