import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isInjectionProven, parseInjectionProof, signInjection } from '../../../webhook/injection/proof.ts'

const key = Buffer.alloc(32, 1)
const otherKey = Buffer.alloc(32, 2)
const named = { namespace: 'spark', name: 'pi-driver', generateName: '' }
const generated = { namespace: 'spark', name: '', generateName: 'pi-' }
const injection = { admissionUid: 'uid-1', image: 'sidecar:1', policy: '{"a":1}' }

interface StoredPod {
  readonly namespace?: string
  readonly name?: string
  readonly generateName?: string
  readonly policy?: string
  readonly image?: string
}

/** Whether a stored pod proves with this text that it was injected. */
function isProven(text: string, pod: StoredPod = {}, keys: readonly Buffer[] = [key]): boolean {
  const { namespace = 'spark', name = 'pi-driver', generateName = '', policy = injection.policy } = pod
  const proof = parseInjectionProof(text, policy, generateName)
  return proof !== null && isInjectionProven(keys, proof, { namespace, name }, pod.image ?? injection.image)
}

describe('injection proof', () => {
  const text = signInjection(key, named, injection)
  const rows: readonly (readonly [when: string, pod: StoredPod, expected: boolean])[] = [
    ['the injected pod', {}, true],
    ['another pod of the namespace', { name: 'other-driver' }, false],
    ['a pod of that name in another namespace', { namespace: 'tenant' }, false],
    ['another policy', { policy: '{"a":2}' }, false],
    ['another image', { image: 'sidecar:2' }, false],
    ['a generated name with this prefix', { name: 'x', generateName: 'pi-driver' }, false],
  ]
  for (const [when, pod, expected] of rows) {
    test(`${when} → ${expected ? 'proven' : 'not proven'}`, () => assert.equal(isProven(text, pod), expected))
  }

  test('a name that the API server generates after admission → proven by its prefix only', () => {
    const prefixed = signInjection(key, generated, injection)
    assert.equal(isProven(prefixed, { name: 'pi-x7k2p', generateName: 'pi-' }), true)
    assert.equal(isProven(prefixed, { name: 'pi-x7k2p', generateName: 'qi-' }), false)
    assert.equal(isProven(prefixed, { name: 'pi-' }), false)
  })

  test('keys → any of them proves, another does not', () => {
    assert.equal(isProven(text, {}, [otherKey, key]), true)
    assert.equal(isProven(text, {}, [otherKey]), false)
    assert.equal(isProven(text, {}, []), false)
  })

  test('each admission → another nonce', () => {
    const again = signInjection(key, named, { ...injection, admissionUid: 'uid-2' })
    const nonceOf = (proof: string) => parseInjectionProof(proof, '', '')?.nonce
    assert.notEqual(nonceOf(text), nonceOf(again))
    assert.equal(nonceOf(text), nonceOf(signInjection(key, named, injection)))
  })

  test('a text of another form → no proof', () => {
    for (const broken of ['', 'x', `2${text.slice(1)}`, `${text}x`, text.slice(0, -1), 'x'.repeat(1_000_000)]) {
      assert.equal(isProven(broken), false)
    }
    assert.equal(parseInjectionProof(undefined, '', ''), null)
  })
})
