import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AdmissionRequest } from '../../admission/admission-review.ts'
import { admit } from '../../admission/admit.ts'
import { type AdmissionContext, classifyObject, decide } from '../../admission/decide.ts'
import { admissionReasons, type ReasonCode } from '../../core/contract/skip-reasons.ts'
import type { Pod } from '../../core/kubernetes/pod.ts'
import { capableContext, capturePod, captureRequest, requestFor } from '../support/admission-captures.ts'

const pod = capturePod('driver-pod.spark-submit')
const driver = requestFor(pod)
const service = captureRequest('driver-service.spark-submit')
const withSpec = (spec: object) => requestFor({ ...pod, spec: { ...pod.spec, ...spec } })
const withMetadata = (metadata: object) => requestFor({ ...pod, metadata: { ...pod.metadata, ...metadata } })
const container = pod.spec.containers[0]
const withMount = (mountPath: string, mount: object = {}) =>
  withSpec({ containers: [{ ...container, volumeMounts: [{ name: 'spark-local-dir-1', mountPath, ...mount }] }] })
const cannot = { nativeSidecars: false, restartAllContainers: false, containerRestartRules: false, openShift: false }

const rows: readonly (readonly [string, ReasonCode, AdmissionRequest, Partial<AdmissionContext>?])[] = [
  ['a driver', 'injected', driver],
  ['a driver’s Service', 'service-patched', service],
  ['an executor', 'executor', captureRequest('executor-pod')],
  ['the UI’s Service', 'not-a-driver-service', captureRequest('ui-service.spark-operator')],
  [
    'a Service with the name of a driver’s, for any driver',
    'not-a-driver-service',
    {
      ...service,
      object: {
        metadata: { name: 'x-driver-svc' },
        spec: { clusterIP: 'None', selector: { 'spark-role': 'driver' } },
      },
    },
  ],
  ['a pod of something else', 'not-a-driver', withMetadata({ labels: { app: 'web' } })],
  ['a pod without labels', 'not-a-driver', withMetadata({ labels: undefined })],
  ['an update', 'unsupported-operation', { ...driver, operation: 'UPDATE' }],
  ['a deletion, which has no object', 'unsupported-operation', { ...driver, operation: 'DELETE', object: null }],
  ['an eviction', 'unsupported-subresource', { ...driver, subResource: 'eviction' }],
  ['a ConfigMap', 'unsupported-kind', { ...driver, kind: { group: '', version: 'v1', kind: 'ConfigMap' } }],
  ['a Pod of another group', 'unsupported-kind', { ...driver, kind: { group: 'x.io', version: 'v1', kind: 'Pod' } }],
  ['no object', 'malformed-object', { ...driver, object: null }],
  ['an object without spec', 'malformed-object', requestFor({ metadata: pod.metadata })],
  ['containers that are no list', 'malformed-object', withSpec({ containers: {} })],
  ['volumes that are no list', 'malformed-object', withSpec({ volumes: 'none' })],
  ['labels that are no strings', 'malformed-object', withMetadata({ labels: { 'spark-role': 1 } })],
  ['a Service with a wrong selector', 'malformed-object', { ...service, object: { spec: { selector: [] } } }],
  ['a pod that is being deleted', 'deleting', withMetadata({ deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ['an opted-out pod', 'opted-out', withMetadata({ annotations: { 'spark-nanny.io/inject': 'false' } })],
  ['a pod opted out by the chart', 'opted-out', driver, { chartSettings: { inject: 'false' } }],
  [
    'a pod that the chart opts out and its annotation in',
    'injected',
    withMetadata({ annotations: { 'spark-nanny.io/inject': 'true' } }),
    { chartSettings: { inject: 'false' } },
  ],
  ['Windows by os', 'windows-pod', withSpec({ os: { name: 'windows' } })],
  ['Windows by node selector', 'windows-pod', withSpec({ nodeSelector: { 'kubernetes.io/os': 'windows' } })],
  ['a cluster in doubt', 'native-sidecars-unsupported', driver, { capabilities: cannot }],
  [
    'two containers of which none is the driver’s',
    'driver-container-not-found',
    withSpec({ containers: [{ name: 'a' }, { name: 'b' }] }),
  ],
  ['a container with our name', 'name-conflict', withSpec({ initContainers: [{ name: 'spark-nanny', image: 'x' }] })],
  ['a volume with our name', 'name-conflict', withSpec({ volumes: [{ name: 'spark-nanny', emptyDir: {} }] })],
  ['a mount at our path', 'name-conflict', withMount('/var/run/spark-nanny')],
  ['a mount at our path by its other name', 'name-conflict', withMount('/run/spark-nanny/sub')],
  ['a read-only mount above our path', 'name-conflict', withMount('/var/run/', { readOnly: true })],
  ['a ConfigMap mounted above our path', 'name-conflict', withMount('/run', { name: 'spark-conf-volume-driver' })],
  ['a writable mount above our path', 'injected', withMount('/var/run')],
  ['a mount beside our path', 'injected', withMount('/var/run/spark-nanny-2', { readOnly: true })],
  [
    'no room in a quota',
    'quota-exceeded',
    driver,
    {
      limits: {
        container: unbounded(),
        pod: unbounded(),
        quotas: [{ name: 'q', room: [{ side: 'requests', resource: 'cpu', leftMilli: 105 }] }],
      },
    },
  ],
]

function unbounded() {
  const bound = { minMilli: 0, maxMilli: Infinity, maxRatio: Infinity }
  return { cpu: bound, memory: bound }
}

describe('decide', () => {
  for (const [name, reason, request, context] of rows) {
    test(`${name} → ${reason}`, () => {
      const { decision, review } = admit(request, { ...capableContext, ...context })
      assert.equal(decision.reason, reason)
      assert.equal(review.response.allowed, true)
      assert.equal(review.response.uid, request.uid)
      assert.equal('patch' in review.response, decision.kind !== 'skip')
      if (decision.kind === 'skip') {
        assert.equal(
          decision.warnings.length > 0,
          admissionReasons[reason].warn,
          'warned of what its owner can act on, and only that',
        )
      }
    })
  }

  const patchedObject = (decision: ReturnType<typeof decide>) => {
    if (decision.kind === 'inject') return decision.pod
    return decision.kind === 'patch-service' ? decision.service : undefined
  }

  test('an injected pod or a patched Service, admitted again → is left unchanged', () => {
    for (const [request, again] of [
      [driver, 'already-injected'],
      [service, 'service-already-patched'],
    ] as const) {
      const first = decide(request, classifyObject(request), capableContext)
      assert.notEqual(first.kind, 'skip')
      const object = patchedObject(first)
      assert.equal(admit({ ...request, object }, capableContext).decision.reason, again)
    }
  })

  test('a pod with only the copied annotation injected → is injected', () => {
    const copied = withMetadata({ annotations: { 'spark-nanny.io/injected': '0.1.0' } })
    assert.equal(admit(copied, capableContext).decision.reason, 'injected')
  })

  test('a wrong setting → a warning with the nearest spelling, and the default', () => {
    const annotations = { 'spark-nanny.io/intervall': '5s', 'spark-nanny.io/timeout': '7' }
    const { decision, review } = admit(withMetadata({ annotations }), capableContext)
    assert.equal(decision.reason, 'injected')
    assert.match(review.response.warnings?.join('\n') ?? '', /did you mean spark-nanny.io\/interval\?/)
    assert.match(review.response.warnings?.join('\n') ?? '', /timeout: "7" must be a duration/)
    assert.equal(decision.kind === 'inject' && decision.policy.timeoutMs, 10_000)
  })

  test('an internal error → the object is admitted, and the response has no stack trace', () => {
    const context = {
      ...capableContext,
      get limits(): never {
        throw new Error('secret path /x')
      },
    }
    const { review, error } = admit(driver, context)
    assert.equal(review.response.allowed, true)
    assert.equal(review.response.auditAnnotations.reason, 'internal-error')
    assert.doesNotMatch(JSON.stringify(review), /secret/)
    assert.ok(error instanceof Error)
  })

  test('any decision → the received object is not modified', () => {
    const freeze = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      Object.freeze(value)
      for (const item of Object.values(value)) freeze(item)
    }
    const object: Pod = structuredClone(pod)
    freeze(object)
    assert.equal(admit(requestFor(object), capableContext).decision.reason, 'injected')
  })
})
