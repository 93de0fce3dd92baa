import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KnownNode } from '../../../../cluster/nodes.ts'
import { describeAssessment } from '../../../../webhook/controller/act/event-messages.ts'
import { findTerminationBlocker, type NodeState } from '../../../../webhook/controller/assess/stuck-termination.ts'
import { createdMs, type DriverPodOptions, iso } from '../../../support/driver-pods.ts'
import { assessDriver, createDriver } from '../driver/drivers.ts'

const knownNode = (notReady?: KnownNode['notReady']): NodeState => ({
  kind: 'known',
  node: { schedulable: true, linux: true, kubelet: [1, 36], declaredFeatures: null, ...(notReady && { notReady }) },
})
const away = knownNode({ sinceMs: createdMs, detail: 'NodeStatusUnknown: Kubelet stopped posting node status.' })
const assumed: NodeState = {
  kind: 'known',
  node: { schedulable: true, linux: true, kubelet: [1, 33], declaredFeatures: null, isAssumed: true },
}
const blocker: readonly [string, NodeState, Partial<DriverPodOptions & { finalizers: string[] }>, RegExp, RegExp][] = [
  [
    'finalizers',
    away,
    { finalizers: ['example.com/keep'] },
    /it still has the finalizers example.com\/keep/,
    /must remove them/,
  ],
  ['node-gone', { kind: 'gone' }, {}, /its node node-1 no longer exists/, /Kubernetes removes/],
  [
    'node-not-ready',
    away,
    {},
    /not Ready since 2026-11-24T10:00:00.000Z: NodeStatusUnknown/,
    /two drivers could write at the same time.*out-of-service=nodeshutdown:NoExecute/,
  ],
  ['node-ready', knownNode(), {}, /is Ready but has not stopped it/, /kubelet log/],
  ['unknown', { kind: 'unknown' }, {}, /its node is node-1/, /Check its node/],
  ['unknown', assumed, {}, /its node is node-1, which spark-nanny may not read/, /Check its node/],
]
describe('findTerminationBlocker', () => {
  for (const [expected, node, { finalizers = [] }, detail, advice] of blocker) {
    test(`a pod that does not terminate → ${expected}`, () => {
      const driver = { ...createDriver({ deletionTimestamp: iso(createdMs) }), finalizers }
      assert.equal(findTerminationBlocker(driver, node).blocker, expected)
      const { assessments } = assessDriver(driver, { nowMs: createdMs + 180_000, node })
      const [assessment] = assessments
      assert.ok(assessment?.kind === 'stuck' && !assessment.overdue)
      const event = describeAssessment(assessment, driver)
      assert.match(event?.message ?? '', detail)
      assert.match(event?.message ?? '', advice)
      assert.match(event?.message ?? '', /No pod is force-deleted\.$/)
      assert.ok(Buffer.byteLength(event?.message ?? '') < 1024, 'the API takes no longer one')
    })
  }
})
