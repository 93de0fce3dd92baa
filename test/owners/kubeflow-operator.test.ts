import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type KubeflowApplication,
  newKubeflowApplication,
  passesFilter,
  readDriverState,
  reconcileKubeflow,
} from '../support/owners/kubeflow-operator.ts'
import type { ObservedContainer, ObservedPod } from '../support/owners/pod-status.ts'

const running = { running: {} }
const ended = (exitCode: number) => ({ terminated: { exitCode } })
const waiting = { waiting: {} }

const pod = (
  phase: string,
  driver: ObservedContainer['state'],
  sidecar: ObservedContainer['state'],
  restarts: number,
): ObservedPod => ({
  metadata: { uid: 'first' },
  status: {
    phase,
    containerStatuses: [{ name: 'spark-kubernetes-driver', restartCount: restarts, ...(driver && { state: driver }) }],
    initContainerStatuses: [{ name: 'spark-nanny', restartCount: restarts, ...(sidecar && { state: sidecar }) }],
  },
})

/**
 * The versions of a pod that the kubelet wrote in a restart of all containers (1.36.3, recorded by a watch of
 * test/cluster/tests/owners.test.ts): the driver's end is never in the status, and the phase is Pending for a while.
 */
const restartInPlace = (nth: number): readonly ObservedPod[] => [
  pod('Running', running, ended(88), nth - 1),
  pod('Running', waiting, waiting, nth),
  pod('Pending', waiting, running, nth),
  pod('Running', running, running, nth),
]

type Step =
  /** The kubelet writes the next version of the pod. */
  | 'pod'
  /** An executor's phase changes, so that the operator reconciles. */
  | 'executor'
  /** A reconciliation that was due runs now: the queue is limited, so that it may be late. */
  | 'reconcile'

/** Runs the operator over the versions of the pod, in this interleaving. */
function race(versions: readonly ObservedPod[], steps: readonly Step[]) {
  let application: KubeflowApplication = newKubeflowApplication
  let index = -1
  let submissions = 0
  let isDue = true
  let deletions = 0
  const now = () => versions[index] ?? null
  const reconcile = () => {
    const before = application.state
    const step = reconcileKubeflow(application, now(), { restartPolicy: 'Always', onFailureRetries: 0 })
    application = step.application
    if (step.action === 'submit') {
      submissions += 1
      index = Math.max(index, 0)
    }
    if (step.action === 'delete-driver') deletions += 1
    // The update of the status is an event of its own.
    isDue = before !== application.state
  }
  reconcile()
  for (const step of steps) {
    if (step === 'pod' && index + 1 < versions.length) {
      isDue = passesFilter(now(), versions[index + 1] ?? null) || isDue
      index += 1
    } else if (step === 'executor') {
      isDue = true
    }
    if (step !== 'pod' && isDue) reconcile()
  }
  return { application, submissions, deletions }
}

describe('what kubeflow’s operator reads', () => {
  for (const [name, version, expected] of [
    ['Pending', pod('Pending', waiting, waiting, 0), 'SUBMITTED'],
    ['Running', pod('Running', running, running, 0), 'RUNNING'],
    ['Running, the driver waits for its restart', pod('Running', waiting, waiting, 1), 'RUNNING'],
    ['Running, the sidecar has ended', pod('Running', running, ended(88), 0), 'RUNNING'],
    ['Running, the driver has ended with 142', pod('Running', ended(142), running, 0), 'FAILING'],
    ['Running, the driver has ended with 0', pod('Running', ended(0), running, 0), 'SUCCEEDING'],
    ['Failed, the driver has ended with 0', pod('Failed', ended(0), ended(1), 0), 'SUCCEEDING'],
    ['Failed', pod('Failed', ended(142), ended(0), 0), 'FAILING'],
    ['Succeeded', pod('Succeeded', ended(0), ended(0), 0), 'SUCCEEDING'],
  ] as const) {
    test(`${name} → ${expected}`, () => assert.equal(readDriverState(version), expected))
  }

  test('a restart by exit code, seen between the two drivers → a second driver, which is why it is not used', () => {
    const versions = [
      pod('Running', running, running, 0),
      pod('Running', ended(142), running, 0),
      pod('Running', running, running, 1),
    ]
    const { application } = race(versions, ['pod', 'executor', 'pod', 'executor', 'reconcile', 'reconcile'])
    assert.ok(application.history.includes('FAILING'))
    assert.ok(application.history.includes('PENDING_RERUN'))
  })
})

describe('restarts in place under kubeflow’s operator', () => {
  const steps = fc.array(fc.constantFrom<Step>('pod', 'pod', 'executor', 'reconcile'), { minLength: 1, maxLength: 80 })
  const first = pod('Running', running, running, 0)

  test('raced by events of executors, in any interleaving → never Failed, never deleted, one driver', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, fc.infiniteStream(fc.nat(9)), (restarts, order, skips) => {
        // A watch may leave out versions, but not the last one.
        const all = [
          pod('Pending', waiting, waiting, 0),
          first,
          ...Array.from({ length: restarts }, (_, index) => restartInPlace(index + 1)).flat(),
        ]
        const versions = all.filter((_, index) => index === all.length - 1 || Number(skips.next().value) > 1)
        const { application, submissions, deletions } = race(versions, order)
        assert.ok(application.history.every((state) => ['NEW', 'SUBMITTED', 'RUNNING'].includes(state)))
        assert.deepEqual([submissions, deletions], [1, 0])
      }),
      { numRuns: 1_000 },
    )
  })

  test('a driver that fails after its last restart → is submitted again once its pod is gone', () => {
    const failed = pod('Failed', ended(142), ended(0), 1)
    const versions = [first, ...restartInPlace(1), failed]
    const { application, deletions } = race(versions, [...versions.map(() => 'pod' as const), 'reconcile', 'reconcile'])
    assert.equal(application.state, 'PENDING_RERUN')
    assert.equal(deletions, 1)
  })
})
