import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { classifyObject, decide } from '../../admission/decide.ts'
import { injectedAnnotation } from '../../core/contract/pod-contract.ts'
import { capableContext, capturePod, requestFor } from '../support/admission-captures.ts'

const pod = capturePod('driver-pod.spark-submit')
const openShift = { nativeSidecars: true, restartAllContainers: true, containerRestartRules: true, openShift: true }

function sidecarUser(securityContext: object, capabilities = openShift): unknown {
  const request = requestFor({ ...pod, spec: { ...pod.spec, securityContext } })
  const decision = decide(request, classifyObject(request), { ...capableContext, capabilities })
  assert.ok(decision.kind === 'inject', decision.reason)
  const security = decision.pod.spec.initContainers?.at(-1)?.securityContext
  return security !== undefined && 'runAsUser' in security ? security.runAsUser : undefined
}

describe('what the kubelet accepts', () => {
  // Inherited, root would meet runAsNonRoot: CreateContainerConfigError, and the driver never starts.
  test('a pod that runs as root → the sidecar does not, on OpenShift neither', () => {
    assert.equal(sidecarUser({ runAsUser: 0 }), 65532)
    assert.equal(sidecarUser({ runAsUser: 0 }, { ...openShift, openShift: false }), 65532)
    assert.equal(sidecarUser({ runAsUser: 185 }), undefined)
    assert.equal(sidecarUser({}), undefined)
  })

  test('annotations near the size limit → the sidecar without the annotation injected', () => {
    const annotations = { large: 'x'.repeat(256 * 1024 - 10) }
    const request = requestFor({ ...pod, metadata: { ...pod.metadata, annotations } })
    const decision = decide(request, classifyObject(request), capableContext)
    assert.ok(decision.kind === 'inject', decision.reason)
    assert.deepEqual(decision.pod.metadata?.annotations, annotations)
    assert.ok(!decision.operations.some(({ path }) => path.includes(injectedAnnotation.replace('/', '~1'))))
  })
})
