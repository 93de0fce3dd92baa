import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCreationRequest, createReviewResponse, parseReview } from '../../admission/admission-review.ts'
import { captureRequest, captureText } from '../support/admission-captures.ts'

const review = JSON.parse(captureText('driver-pod.spark-submit')) as Record<string, unknown>
const request = review.request as Record<string, unknown>

const wrong: readonly [string, unknown, string][] = [
  ['no body', undefined, 'body'],
  ['a list', [], 'body'],
  ['another kind', { ...review, kind: 'Pod' }, 'kind'],
  ['the old version', { ...review, apiVersion: 'admission.k8s.io/v1beta1' }, 'apiVersion'],
  ['no request', { ...review, request: null }, 'request'],
  ['an empty uid', { ...review, request: { ...request, uid: '' } }, 'request.uid'],
  ['no kind', { ...review, request: { ...request, kind: undefined } }, 'request.kind'],
  ['a wrong operation', { ...review, request: { ...request, operation: 7 } }, 'request.operation'],
]
describe('admission review', () => {
  for (const [name, body, field] of wrong) {
    test(`a review with ${name} → a problem with the field ${field}`, () => {
      const parsed = parseReview(body)
      assert.equal(parsed.kind, 'problem')
      if (parsed.kind === 'problem') assert.equal(parsed.problem.field, field)
    })
  }

  test('unknown fields → are ignored', () => {
    assert.equal(parseReview({ ...review, more: 1, request: { ...request, more: 1 } }).kind, 'request')
  })

  test('a problem with a long value → shows only its beginning', () => {
    const parsed = parseReview({ ...review, kind: 'x'.repeat(10_000) })
    assert.ok(parsed.kind === 'problem' && parsed.problem.value.length <= 80)
  })

  test('a warning → starts with spark-nanny, on one line of at most 256 characters', () => {
    const { response } = createReviewResponse('u', 'injected', [], ['a\nb', 'x'.repeat(1000)])
    assert.equal(response.warnings?.[0], 'spark-nanny: a b')
    assert.equal(response.warnings?.[1]?.length, 256)
  })

  test('no operations → no patch in the response', () => {
    const { response } = createReviewResponse('u', 'executor', [], [])
    assert.deepEqual(response, { uid: 'u', allowed: true, auditAnnotations: { reason: 'executor' } })
  })

  test('a patch with characters outside ASCII → is encoded without loss', () => {
    const operations = [{ op: 'add', path: '/a', value: 'Grüße — 漢字' }] as const
    const { patch = '' } = createReviewResponse('u', 'injected', operations, []).response
    assert.deepEqual(JSON.parse(Buffer.from(patch, 'base64').toString()), operations)
  })

  test('a manifest → the request has its namespace, or the default one if it has none', () => {
    const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }
    const made = createCreationRequest(manifest, 'spark')
    assert.deepEqual([made.kind, made.namespace, made.name], [{ group: '', version: 'v1', kind: 'Pod' }, 'spark', 'a'])
    assert.equal(createCreationRequest({ ...manifest, metadata: { namespace: 'own' } }, 'spark').namespace, 'own')
    const grouped = createCreationRequest({ apiVersion: 'apps/v1', kind: 'Deployment' }, 'spark')
    assert.deepEqual(grouped.kind, { group: 'apps', version: 'v1', kind: 'Deployment' })
    assert.equal(createCreationRequest(null, 'spark').kind.kind, '')
  })

  test('a captured review → every field of the request is parsed', () => {
    const { object, ...rest } = captureRequest('driver-pod.spark-submit')
    assert.deepEqual(rest, {
      uid: '003132b5-9385-4b5c-bfa5-e4f2d753d5a9',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      operation: 'CREATE',
      subResource: '',
      namespace: 'spark',
      name: 'plain-pi-driver',
      dryRun: false,
    })
    assert.ok(object)
  })
})
