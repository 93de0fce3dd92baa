import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Authority } from '../../../certs/pki/ca-bundle.ts'
import type { Leaf, SecretContents } from '../../../certs/pki/secret-contents.ts'
import { decideNextStep, type RotationState } from '../../../certs/self-signed/rotation.ts'
import { rotationReasons } from '../../../certs/self-signed/rotation-reasons.ts'
import { shouldServe } from '../../../certs/trust/served-trust-check.ts'
import type { Trust } from '../../../certs/trust/trust.ts'
import { noEvidence, type TrustEvidence } from '../../../certs/trust/trust-evidence.ts'

/** Days since the first authority was made. */
const dayMs = 86_400_000
const host = 'spark-nanny.spark-nanny.svc'
const holdMs = 60_000
/** In `elapsedMs`; all that is trusted has been so since 0. */
const longAfter = 1_000_000

const authority = (name: string, fromDay: number): Authority => ({
  fingerprint: name,
  certificatePem: `${name}\n`,
  startsMs: fromDay * dayMs,
  expiresMs: (fromDay + 365) * dayMs,
})
const first = authority('first', 0)
const second = authority('second', 244)
const stranger = authority('stranger', 0)

const leafBy = (issuer: Authority, fromDay: number, days = 90, hosts = [host]): Leaf => ({
  kind: 'usable',
  fingerprint: `leaf of ${issuer.fingerprint} from ${fromDay}`,
  certificatePem: 'leaf',
  privateKeyPem: 'key',
  issuer,
  hosts,
  startsMs: fromDay * dayMs,
  expiresMs: (fromDay + days) * dayMs,
})

const one = (leaf: SecretContents['leaf']): SecretContents => ({
  authorities: [first],
  newestKeyPem: 'first key',
  old: null,
  leaf,
})
const two = (leaf: SecretContents['leaf']): SecretContents => ({
  authorities: [second, first],
  newestKeyPem: 'second key',
  old: { authority: first, keyPem: 'first key' },
  leaf,
})

const trusting = (...webhooks: readonly (readonly Authority[])[]): Trust => ({
  kind: 'found',
  resourceVersion: '1',
  webhooks: webhooks.map((authorities, index) => ({ name: `w${index}`, authorities, garbage: false })),
})

const since = (ms: number, ...names: readonly string[]): TrustEvidence => ({
  ...noEvidence,
  trustedSinceMs: new Map(names.map((name) => [name, ms])),
})
const held = since(0, 'first', 'second')
const alone = (fingerprint: string, connections = 60, sinceMs = 0): TrustEvidence => ({
  ...held,
  wholeVerified: true,
  alone: { fingerprint, connections, sinceMs },
})

const at = (day: number, change: Partial<RotationState>): RotationState => ({
  found: { kind: 'absent' },
  trust: trusting([first], [first]),
  serving: null,
  evidence: noEvidence,
  clocks: { processMs: day * dayMs, serverMs: day * dayMs },
  elapsedMs: longAfter,
  plan: { hosts: [host], authorityValidityMs: 365 * dayMs, leafValidityMs: 90 * dayMs, holdMs },
  ...change,
})
const contents = (found: SecretContents): Partial<RotationState> => ({ found: { kind: 'usable', contents: found } })
const fresh = one(leafBy(first, 0))
const phaseOne = two(leafBy(first, 200))
const phaseTwo = two(leafBy(second, 244))
const bothTrusted = { trust: trusting([second, first], [second, first]) }
const serving = { leaf: leafBy(first, 0), issuerKeyPem: 'first key' }

const table: readonly [string, RotationState, string][] = [
  ['no Secret', at(1, {}), 'create secret-absent'],
  ['an empty one', at(1, { found: { kind: 'empty' } }), 'create secret-empty'],
  ['a corrupted one', at(1, { found: { kind: 'corrupted', detail: 'x' } }), 'create secret-corrupted'],
  ['no Secret, something served', at(1, { serving }), 'create secret-absent beside first'],
  ['… that has expired', at(91, { serving }), 'create secret-absent'],
  ['… that no caBundle contains', at(1, { serving, trust: trusting([], [first]) }), 'create secret-absent'],
  ['all is well', at(1, contents(fresh)), 'keep settled'],
  ['no configuration', at(1, { ...contents(fresh), trust: { kind: 'absent' } }), 'keep settled'],
  [
    'nothing trusted',
    at(1, { ...contents(fresh), trust: trusting([], []) }),
    'publish-bundle ca-not-trusted w0:first w1:first',
  ],
  [
    'one webhook lacks it',
    at(1, { ...contents(fresh), trust: trusting([first], []) }),
    'publish-bundle ca-not-trusted w1:first',
  ],
  [
    'another is trusted: it stays',
    at(1, { ...contents(fresh), trust: trusting([stranger], [stranger]) }),
    'publish-bundle ca-not-trusted w0:first,stranger w1:first,stranger',
  ],
  [
    'a stranger, unproven',
    at(1, { ...contents(fresh), trust: trusting([first, stranger]), evidence: held }),
    'keep waiting-for-replicas',
  ],
  [
    'a stranger, proven needless',
    at(1, { ...contents(fresh), trust: trusting([first, stranger]), evidence: alone('first') }),
    'publish-bundle others-not-needed w0:first',
  ],
  [
    'a stranger that has expired',
    at(1, { ...contents(fresh), trust: trusting([first, authority('older', -400)]) }),
    'publish-bundle ca-bundle-stale w0:first',
  ],
  ['a leaf of no use', at(1, contents(one({ kind: 'unusable', detail: 'x' }))), 'renew-leaf leaf-unusable by first'],
  [
    'a leaf without our name',
    at(1, contents(one(leafBy(first, 0, 90, ['other.svc'])))),
    'renew-leaf leaf-hosts by first',
  ],
  ['a leaf from the future', at(1, contents(one(leafBy(first, 5)))), 'renew-leaf leaf-not-yet-valid by first'],
  ['a leaf a day before two thirds', at(59, contents(fresh)), 'keep settled'],
  ['a leaf a day after', at(61, contents(fresh)), 'renew-leaf leaf-due by first'],
  [
    '… by our clock only',
    at(61, { ...contents(fresh), clocks: { processMs: 61 * dayMs, serverMs: dayMs } }),
    'keep settled',
  ],
  [
    '… by the server’s only',
    at(61, { ...contents(fresh), clocks: { processMs: dayMs, serverMs: 61 * dayMs } }),
    'keep settled',
  ],
  [
    '… and the server’s is unknown',
    at(61, { ...contents(fresh), clocks: { processMs: 61 * dayMs, serverMs: null } }),
    'renew-leaf leaf-due by first',
  ],
  ['an expired leaf', at(100, contents(fresh)), 'renew-leaf leaf-due by first'],
  ['an authority before two thirds', at(242, contents(one(leafBy(first, 200)))), 'keep settled'],
  ['an authority after', at(244, contents(one(leafBy(first, 200)))), 'begin-ca-rotation ca-due'],
  [
    '… by our clock only',
    at(244, { ...contents(one(leafBy(first, 200))), clocks: { processMs: 244 * dayMs, serverMs: 210 * dayMs } }),
    'keep settled',
  ],
  [
    '… without configuration',
    at(244, { ...contents(one(leafBy(first, 200))), trust: { kind: 'absent' } }),
    'keep waiting-for-configuration',
  ],
  ['an expired authority', at(366, contents(fresh)), 'create ca-expired'],
  [
    '… by our clock only',
    at(366, { ...contents(fresh), clocks: { processMs: 366 * dayMs, serverMs: dayMs } }),
    'keep settled',
  ],
  ['an authority from the future', at(-2, contents(fresh)), 'create ca-not-yet-valid'],
  [
    'first phase, not yet trusted',
    at(245, contents(phaseOne)),
    'publish-bundle ca-not-trusted w0:second,first w1:second,first',
  ],
  [
    'first phase, not held',
    at(245, { ...contents(phaseOne), ...bothTrusted, evidence: since(longAfter - holdMs + 1, 'first', 'second') }),
    'keep waiting-for-hold',
  ],
  [
    'first phase, no connection',
    at(245, { ...contents(phaseOne), ...bothTrusted, evidence: held }),
    'keep waiting-for-dial',
  ],
  [
    'first phase, a connection, not held',
    at(245, {
      ...contents(phaseOne),
      ...bothTrusted,
      evidence: { ...since(longAfter - 1, 'first', 'second'), wholeVerified: true },
    }),
    'keep waiting-for-hold',
  ],
  [
    'first phase, proven',
    at(245, { ...contents(phaseOne), ...bothTrusted, evidence: { ...held, wholeVerified: true } }),
    'switch-leaf new-ca-proven',
  ],
  [
    'first phase, no connection, the old one ends',
    at(340, { ...contents(two(leafBy(first, 330, 35))), ...bothTrusted, evidence: held }),
    'switch-leaf old-ca-ends',
  ],
  [
    'first phase, the old one has ended',
    at(366, { ...contents(two(leafBy(first, 340, 25))), trust: trusting([second]), evidence: noEvidence }),
    'switch-leaf old-ca-expired',
  ],
  [
    'first phase, the leaf is due',
    at(265, { ...contents(phaseOne), ...bothTrusted, evidence: held }),
    'renew-leaf leaf-due by first',
  ],
  [
    'first phase, a leaf of no use',
    at(245, { ...contents(two({ kind: 'unusable', detail: 'x' })), ...bothTrusted }),
    'renew-leaf leaf-unusable by first',
  ],
  [
    'second phase, unproven',
    at(245, { ...contents(phaseTwo), ...bothTrusted, evidence: held }),
    'keep waiting-for-replicas',
  ],
  [
    'second phase, few connections',
    at(245, { ...contents(phaseTwo), ...bothTrusted, evidence: alone('second', 9) }),
    'keep waiting-for-replicas',
  ],
  [
    'second phase, not for long enough',
    at(245, { ...contents(phaseTwo), ...bothTrusted, evidence: alone('second', 60, longAfter - holdMs + 1) }),
    'keep waiting-for-replicas',
  ],
  [
    'second phase, another proven',
    at(245, { ...contents(phaseTwo), ...bothTrusted, evidence: alone('first') }),
    'keep waiting-for-replicas',
  ],
  [
    'second phase, proven',
    at(245, { ...contents(phaseTwo), ...bothTrusted, evidence: alone('second') }),
    'retire-ca others-not-needed',
  ],
  [
    'second phase, the old one has ended',
    at(366, { ...contents(two(leafBy(second, 340))), trust: trusting([second]) }),
    'retire-ca old-ca-expired',
  ],
  [
    'second phase, the leaf is due',
    at(305, { ...contents(phaseTwo), ...bothTrusted }),
    'renew-leaf leaf-due by second',
  ],
  ['a leaf that ends with its authority', at(345, contents(one(leafBy(first, 300, 65)))), 'begin-ca-rotation ca-due'],
]

function detailsOf(step: ReturnType<typeof decideNextStep>): string {
  switch (step.kind) {
    case 'create':
      return step.carried === null ? '' : ` beside ${step.carried.leaf.issuer.fingerprint}`
    case 'renew-leaf':
      return ` by ${step.signer.authority.fingerprint}`
    case 'publish-bundle':
      return step.caBundles.map(({ name, pem }) => ` ${name}:${pem.trim().replaceAll('\n', ',')}`).join('')
    default:
      return ''
  }
}

describe('decideNextStep', () => {
  for (const [name, situation, expected] of table) {
    test(`${name} → ${expected}`, () => {
      const step = decideNextStep(situation)
      assert.equal(`${step.kind} ${step.reason}${detailsOf(step)}`, expected)
      if (step.kind === 'renew-leaf') assert.equal(step.signer.keyPem, `${step.signer.authority.fingerprint} key`)
    })
  }

  test('every reason → covered by the table', () => {
    const met = new Set(table.map(([, situation]) => decideNextStep(situation).reason))
    assert.deepEqual(
      Object.keys(rotationReasons).filter((reason) => !met.has(reason as keyof typeof rotationReasons)),
      [],
    )
  })

  const old = leafBy(first, 0)
  const renewed = leafBy(first, 60)
  const other = leafBy(second, 60)
  const adoptions: readonly [string, Leaf | null, Leaf, Trust, TrustEvidence, number, boolean][] = [
    ['nothing is served yet', null, other, { kind: 'absent' }, noEvidence, 61, true],
    ['it is served already', old, old, trusting([first]), held, 61, false],
    ['a renewal', old, renewed, trusting([first]), held, 61, true],
    ['by another authority, trusted for long', old, other, trusting([first, second]), held, 61, true],
    ['by another, trusted just now', old, other, trusting([first, second]), since(longAfter - 1, 'second'), 61, false],
    ['by another that is not trusted', old, other, trusting([first]), since(0, 'first'), 61, false],
    [
      'by another, and what is served is trusted by one webhook only',
      old,
      other,
      trusting([first], []),
      noEvidence,
      61,
      true,
    ],
    ['by another, and what is served has expired', old, other, trusting([first]), noEvidence, 91, true],
    ['by another, and there is no configuration', old, other, { kind: 'absent' }, noEvidence, 61, true],
    ['it has expired itself', old, leafBy(first, -100), trusting([first]), held, 61, false],
  ]
  for (const [name, current, found, trust, evidence, day, expected] of adoptions) {
    test(`${name} → the certificate in the Secret is ${expected ? '' : 'not '}served`, () => {
      const clocks = { processMs: day * dayMs, serverMs: null }
      assert.equal(shouldServe({ found, current, trust, evidence, clocks, holdMs, elapsedMs: longAfter }), expected)
    })
  }
})
