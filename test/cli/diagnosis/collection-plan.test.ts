import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planCollection, planLog } from '../../../cli/diagnosis/collection-plan.ts'
import { type DriverPod, parseDriverPod } from '../../../cli/evidence/driver-pod.ts'
import { absent, type EvidenceReading } from '../../../cli/evidence/evidence.ts'

const running = { running: { startedAt: '2026-11-24T11:00:00Z' } }
const ended = { terminated: { exitCode: 1, reason: 'Error' } }

function createPod(state: object, phase: string, more: { readonly sidecar?: boolean; readonly port?: number } = {}) {
  const ports = more.port === undefined ? [] : [{ name: 'spark-ui', containerPort: more.port }]
  return {
    metadata: { name: 'nightly-driver', namespace: 'jobs', uid: 'pod-1', labels: { 'spark-role': 'driver' } },
    spec: {
      nodeName: 'node1',
      containers: [{ name: 'spark-kubernetes-driver', image: 'spark', ports }],
      ...(more.sidecar === true && {
        initContainers: [{ name: 'spark-nanny', image: 'sidecar', restartPolicy: 'Always' }],
      }),
    },
    status: { phase, containerStatuses: [{ name: 'spark-kubernetes-driver', state, restartCount: 0 }] },
  }
}

/** What the plan reads, apart from Events. */
function listPlanned(pod: EvidenceReading<unknown>): readonly string[] {
  const plan = planCollection({ podName: 'nightly-driver', pod, applicationName: 'nightly', application: absent })
  return [
    ...(plan.node === null ? [] : [`node ${plan.node}`]),
    ...(plan.serviceOwner === null ? [] : ['service']),
    ...(plan.sidecarOf === null ? [] : ['sidecar']),
    ...(plan.ui === null ? [] : [`ui ${plan.ui.port}`]),
  ]
}

describe('planCollection', () => {
  const cases: readonly (readonly [what: string, pod: object, planned: readonly string[]])[] = [
    ['running driver', createPod(running, 'Running'), ['node node1', 'service', 'ui 4040']],
    [
      'running driver with a UI port',
      createPod(running, 'Running', { port: 4050 }),
      ['node node1', 'service', 'ui 4050'],
    ],
    [
      'running driver with a sidecar',
      createPod(running, 'Running', { sidecar: true }),
      ['node node1', 'service', 'sidecar', 'ui 4040'],
    ],
    ['failed driver with a sidecar', createPod(ended, 'Failed', { sidecar: true }), ['node node1', 'service']],
    ['malformed pod', { metadata: {} }, []],
  ]
  for (const [what, pod, planned] of cases) {
    test(`${what} → ${planned.join(', ') || 'nothing'}`, () => {
      assert.deepEqual(listPlanned({ kind: 'read', value: pod, source: 'pod' }), planned)
    })
  }

  test('pod that does not exist → only Events of the names that are known', () => {
    assert.deepEqual(listPlanned(absent), [])
    const names = (podName: string | null, applicationName: string | null) =>
      planCollection({ podName, pod: absent, applicationName, application: absent }).eventsOf
    assert.deepEqual(names('nightly-driver', null), ['nightly-driver'])
    assert.deepEqual(names('nightly', 'nightly'), ['nightly'])
  })
})

describe('planLog', () => {
  const pod = parseDriverPod(createPod(running, 'Running'))
  assert.ok(pod !== undefined)
  const restarted: DriverPod = { ...pod, driver: { ...pod.driver, restarts: 1 } }
  const cases: readonly (readonly [what: string, pod: DriverPod | undefined, previous: boolean, isRead: boolean])[] = [
    ['current run', pod, false, true],
    ['previous run without a restart', pod, true, false],
    ['previous run after a restart', restarted, true, true],
    ['unknown pod', undefined, false, false],
  ]
  for (const [what, known, previous, isRead] of cases) {
    test(`${what} → ${isRead ? 'read' : 'not read'}`, () => {
      assert.equal(planLog(known, 'jobs', previous, false) !== null, isRead)
    })
  }
})
