import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type ApacheApplication,
  type ApacheSpec,
  type ApacheState,
  apacheDefaults,
  newApacheApplication,
  reconcileApache,
  stateOf,
} from '../support/owners/apache-operator.ts'
import type { ObservedContainer, ObservedPod } from '../support/owners/pod-status.ts'

const running = { running: {} }
const ended = (exitCode: number) => ({ terminated: { exitCode } })
const driver = (state: ObservedContainer['state'], fields: Partial<ObservedContainer> = {}): ObservedContainer => ({
  name: 'spark-kubernetes-driver',
  ready: state === running,
  restartCount: 0,
  ...(state !== undefined && { state }),
  ...fields,
})
const sidecar = (state: ObservedContainer['state'], restartCount = 0): ObservedContainer => ({
  name: 'spark-nanny',
  restartCount,
  ...(state !== undefined && { state }),
})
const pod = (
  phase: string,
  containers: readonly ObservedContainer[],
  { ready = phase === 'Running', initContainers = [] as readonly ObservedContainer[], reason = '' } = {},
): ObservedPod => ({
  status: {
    phase,
    reason,
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: containers,
    ...(initContainers.length > 0 && { initContainerStatuses: initContainers }),
  },
})
const pending = pod('Pending', [driver({ waiting: {} })])
const works = pod('Running', [driver(running)])
const succeeded = pod('Succeeded', [driver(ended(0))])

/** The states that an application has had after these versions of its driver's pod, each seen `everyMs` after the last. */
function follow(versions: readonly (ObservedPod | null)[], changes: Partial<ApacheSpec> = {}, everyMs = 1_000) {
  const spec = { ...apacheDefaults, ...changes }
  let nowMs = 0
  let application: ApacheApplication = newApacheApplication(nowMs)
  let created = 0
  const reconcile = (version: ObservedPod | null) => {
    const step = reconcileApache(application, version, spec, nowMs)
    created += step.action === 'create-driver' ? 1 : 0
    application = step.application
  }
  reconcile(null)
  for (const version of versions) {
    nowMs += everyMs
    // The operator reconciles at once after it has changed a state.
    for (let before = ''; before !== stateOf(application); ) {
      before = stateOf(application)
      reconcile(version)
    }
  }
  return { states: application.history.map(({ state }) => state), created }
}

const upTo = (state: ApacheState): readonly ApacheState[] => {
  const path: readonly ApacheState[] = [
    'Submitted',
    'DriverRequested',
    'DriverStarted',
    'DriverReady',
    'RunningHealthy',
  ]
  return path.slice(0, path.indexOf(state) + 1)
}

describe('what Apache’s operator reads', () => {
  const rows: readonly [string, readonly (ObservedPod | null)[], readonly ApacheState[]][] = [
    [
      'a driver that succeeds',
      [pending, works, succeeded],
      [...upTo('RunningHealthy'), 'Succeeded', 'ResourceReleased'],
    ],
    [
      'a native sidecar that is killed beside a healthy driver',
      [works, pod('Running', [driver(running)], { initContainers: [sidecar(ended(137))] })],
      [...upTo('RunningHealthy'), 'Failed', 'ResourceReleased'],
    ],
    [
      'a native sidecar that runs again before the operator looks',
      [works, pod('Running', [driver(running)], { initContainers: [sidecar(running, 1)] })],
      upTo('RunningHealthy'),
    ],
    [
      'a sidecar as an ordinary container that ends with 0: the application counts as succeeded',
      [works, pod('Running', [driver(running), sidecar(ended(0))], { ready: false })],
      [...upTo('RunningHealthy'), 'Succeeded', 'ResourceReleased'],
    ],
    [
      'a sidecar as an ordinary container that restarts',
      [works, pod('Running', [driver(running), sidecar(running, 1)])],
      [...upTo('RunningHealthy'), 'Failed', 'ResourceReleased'],
    ],
    [
      'a driver that restarts in place',
      [works, pod('Running', [driver(running, { restartCount: 1 })])],
      [...upTo('RunningHealthy'), 'Failed', 'ResourceReleased'],
    ],
    [
      'a pod that is evicted',
      [works, pod('Failed', [driver(ended(137))], { reason: 'Evicted' })],
      [...upTo('RunningHealthy'), 'DriverEvicted', 'ResourceReleased'],
    ],
    [
      'a driver that succeeds before it was seen to start: Failed is in the history, and the state is Succeeded',
      [pending, succeeded],
      ['Submitted', 'DriverRequested', 'Failed', 'Succeeded', 'ResourceReleased'],
    ],
  ]
  for (const [name, versions, expected] of rows) {
    test(`${name} → ${expected.at(-2)}`, () => assert.deepEqual(follow(versions).states, expected))
  }

  const notReady = pod('Running', [driver(running, { ready: false })], { ready: false })
  const startedOnly = pod('Running', [driver(running)], { ready: false })

  for (const [name, version, expected] of [
    ['pending', pending, 'DriverStartTimedOut'],
    ['not Ready because of a probe', notReady, 'DriverStartTimedOut'],
    ['whose pod is not Ready', startedOnly, 'DriverReadyTimedOut'],
  ] as const) {
    test(`a driver that is ${name} for more than five minutes → ${expected}, and its pod is deleted`, () => {
      const versions = Array.from({ length: 310 }, () => version)
      assert.ok(follow(versions).states.includes(expected))
    })
  }

  test('a driver whose pod was deleted, restartPolicy OnFailure → is created again, as often as it may', () => {
    const gone = Array.from({ length: 130 }, () => null)
    const { states, created } = follow([works, ...gone], { restartPolicy: 'OnFailure', maxRestartAttempts: 3 })
    assert.ok(states.includes('Failed'))
    assert.equal(created, 2)
  })
})

describe('a healthy driver without anything of spark-nanny’s in its pod', () => {
  /** Versions of the pod of a healthy driver, of which the operator sees any. */
  const healthyPods = fc.tuple(
    fc.array(fc.constant(pending), { maxLength: 60 }),
    fc.array(
      fc.constantFrom(
        works,
        works,
        pod('Running', [driver(running)], {
          initContainers: [{ name: 'user', ready: true, restartCount: 0, state: ended(0) }],
        }),
      ),
      {
        minLength: 1,
        maxLength: 400,
      },
    ),
  )

  test('→ is never Failed or restarted, and succeeds at the first attempt', () => {
    fc.assert(
      fc.property(
        healthyPods,
        fc.constantFrom('Never', 'OnFailure', 'Always' as const),
        ([before, during], restartPolicy) => {
          const { states } = follow([...before, ...during, succeeded], { restartPolicy })
          const end: ApacheState = restartPolicy === 'Always' ? 'ScheduledToRestart' : 'ResourceReleased'
          assert.deepEqual(states, [...upTo('RunningHealthy'), 'Succeeded', end])
        },
      ),
      { numRuns: 300 },
    )
  })
})
