import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Plan } from '../../../../../cli/commands/recover/plan/plan.ts'
import type { RefusalReason } from '../../../../../cli/commands/recover/plan/refusal-reasons.ts'
import { refusalReasons } from '../../../../../cli/commands/recover/plan/refusal-reasons.ts'
import { parseNodeRoom } from '../../../../../cli/workload/node-room.ts'
import {
  apacheApplication,
  application,
  type DriverCase,
  exited,
  node,
  planCase,
  pod,
  runs,
  unreadable,
} from '../driver-case.ts'

const oomKilled = pod(exited(137, 'OOMKilled'), 'Failed')
const evicted = pod(exited(137), 'Failed', {
  status: { reason: 'Evicted', message: 'The node was low on resource: memory. ' },
})
/** A pod whose Node object no longer exists, as the pod garbage collector leaves it. */
const podOnLostNode = (state: object, reason = 'DeletionByPodGC') =>
  pod(state, 'Failed', { status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'x' }] } })
const taintEviction = [
  {
    reason: 'TaintManagerEviction',
    message: 'Marking for deletion Pod jobs/nightly-driver',
    involvedObject: { kind: 'Pod', name: 'nightly-driver' },
  },
]
const podWithUnknownStatus = pod(exited(137, 'ContainerStatusUnknown'), 'Failed')
const noCause = { log: 'nothing\n', pod: pod(exited(3), 'Failed') }
const completedPod = pod(exited(0, 'Completed'), 'Succeeded')
const nameTakenMessage = 'failed to run spark-submit: pods "nightly-driver" already exists'
const previousRun = { labels: { 'spark-role': 'driver', 'sparkoperator.k8s.io/submission-id': 'submission-1' } }
const hungSidecar = {
  sidecar: { state: 'hung', reason: 'timeout', detail: 'no answer', since: '2026-11-24T11:50:00Z' },
}
const recovery = (more: object) => ({
  'spark-nanny.io/recoveries': JSON.stringify([
    {
      id: 'r1',
      by: 'ann',
      at: '2026-11-24T11:30:00Z',
      cause: 'SPN-MEMORY-HEAP',
      remedy: 'spark.driver.memory 1g → 1536m',
      steps: ['patch-application'],
      generation: 2,
      pod: 'pod-before',
      outcome: 'not-recovered',
      ...more,
    },
  ]),
})

type Refused = readonly [condition: string, driverCase: DriverCase, reason: RefusalReason, detail?: RegExp]

const refused: readonly Refused[] = [
  ['completed by its state', { application: application({ state: 'COMPLETED' }) }, 'completed', /COMPLETED/],
  ['succeeding', { application: application({ state: 'SUCCEEDING' }) }, 'completed'],
  ['completed by its exit code', { pod: completedPod }, 'completed', /exit code 0/],
  ['completed, with --cause-fixed', { pod: completedPod, request: { causeFixed: true } }, 'completed'],
  ['completed, plain spark-submit', { pod: completedPod, application: null, log: '' }, 'completed'],
  [
    'completed with the Apache operator, resources released',
    { application: apacheApplication('ResourceReleased', 'Always', ['RunningHealthy', 'Succeeded']), pod: null },
    'completed',
  ],
  [
    'its own pod completed, and the message says that the name is taken',
    { application: application({ message: nameTakenMessage }), pod: completedPod },
    'completed',
  ],
  [
    'healthy driver',
    { pod: pod(runs, 'Running'), application: application({ state: 'RUNNING' }), log: '' },
    'healthy-driver',
  ],
  [
    'stopped by a signal long after a full heap from which it recovered',
    {
      pod: pod(exited(143), 'Failed'),
      log: `26/11/24 11:00:00 ERROR App: again\njava.lang.OutOfMemoryError: Java heap space\n${'26/11/24 11:30:00 INFO App: works\n'.repeat(50)}`,
    },
    'no-remedy',
  ],
  [
    'its node no longer exists, and its end was not observed',
    { pod: podOnLostNode(runs), log: '' },
    'may-still-run',
    /node node1.*--cause-fixed/,
  ],
  [
    'its node no longer exists, plain spark-submit',
    { pod: podOnLostNode(runs), log: '', application: null },
    'may-still-run',
  ],
  [
    'deleted because of a taint, and its end was not observed',
    { pod: podOnLostNode(runs, 'DeletionByTaintManager'), log: '' },
    'may-still-run',
  ],
  ['a full heap on a node that no longer exists', { pod: podOnLostNode(runs) }, 'may-still-run'],
  [
    'the operator waits for a pod whose end was not observed',
    { pod: podOnLostNode(runs), log: '', application: application({ state: 'PENDING_RERUN' }) },
    'operator-active',
  ],
  [
    'the name is taken by a pod whose end was not observed',
    { pod: podOnLostNode(runs), log: '', application: application({ state: 'FAILED', message: nameTakenMessage }) },
    'may-still-run',
  ],
  [
    'terminating on a node that does not respond',
    {
      pod: pod(runs, 'Running', { metadata: { deletionTimestamp: '2026-11-24T11:50:00Z' } }),
      application: application({ state: 'RUNNING' }),
      log: '',
      documents: { node: node('32Gi', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }) },
    },
    'driver-running',
  ],
  ['its pod was deleted with its node', { pod: null, log: '' }, 'needs-confirmation'],
  [
    'its pod was deleted because of a taint',
    { pod: null, log: '', events: taintEviction },
    'may-still-run',
    /its pod is gone/,
  ],
  [
    'its pod was deleted because of a taint, plain spark-submit',
    { pod: null, log: '', events: taintEviction, application: null },
    'may-still-run',
  ],
  ['healthy driver, plain spark-submit', { pod: pod(runs, 'Running'), application: null, log: '' }, 'healthy-driver'],
  [
    'healthy in the evidence that could be read',
    { pod: pod(runs, 'Running'), application: application({ state: 'RUNNING' }), log: '', unknown: ['sidecar'] },
    'healthy-driver',
    /not read: sidecar/,
  ],
  [
    'runs with an error',
    { pod: pod(runs, 'Running'), application: application({ state: 'RUNNING' }) },
    'driver-running',
  ],
  [
    'runs with an error, with --cause-fixed',
    { pod: pod(runs, 'Running'), application: application({ state: 'RUNNING' }), request: { causeFixed: true } },
    'driver-running',
  ],
  ...(
    [
      [
        'annotations',
        'argocd.argoproj.io/tracking-id',
        'etl:sparkoperator.k8s.io/SparkApplication:jobs/nightly',
        /Argo CD/,
      ],
      ['labels', 'argocd.argoproj.io/instance', 'etl', /Argo CD/],
      ['labels', 'kustomize.toolkit.fluxcd.io/name', 'etl', /Flux/],
      ['labels', 'kustomize.toolkit.fluxcd.io/namespace', 'flux-system', /Flux/],
      ['labels', 'helm.toolkit.fluxcd.io/name', 'etl', /Flux/],
      ['annotations', 'meta.helm.sh/release-name', 'etl', /Helm/],
      ['labels', 'app.kubernetes.io/managed-by', 'Helm', /Helm/],
      ['annotations', 'configmanagement.gke.io/managed', 'enabled', /Config Sync/],
      ['annotations', 'objectset.rio.cattle.io/id', 'etl', /Fleet/],
      ['labels', 'kapp.k14s.io/app', '1', /kapp/],
    ] as const
  ).map(
    ([field, key, value, manager]): Refused => [
      `managed by ${key}`,
      { application: application({ metadata: { [field]: { [key]: value } } }) },
      'gitops',
      manager,
    ],
  ),
  [
    'the same remedy was tried recently',
    { application: application({ metadata: { annotations: recovery({}) } }) },
    'already-tried',
    /ann treated it at 2026-11-24T11:30/,
  ],
  [
    'recovered recently, and failed again',
    { application: application({ metadata: { annotations: recovery({ outcome: 'recovered' }) } }) },
    'already-tried',
  ],
  [
    'an exception of the application',
    { log: 'Exception in thread "main" java.lang.IllegalStateException: x\n\tat A.b(A.java:1)\n' },
    'no-remedy',
  ],
  ['a missing class', { log: 'Error: Failed to load class App.\n' }, 'no-remedy'],
  [
    'full metaspace, for which there is no automatic remedy',
    { log: 'java.lang.OutOfMemoryError: Metaspace\n', pod: pod(exited(1), 'Failed') },
    'no-remedy',
  ],
  ['an uncertain cause', { log: '', pod: pod(exited(143), 'Failed') }, 'needs-confirmation', /--cause-fixed/],
  ['no cause was found', { log: '', pod: pod({}, 'Failed') }, 'needs-confirmation'],
  [
    'no cause was found, and some evidence could not be read',
    { log: '', pod: pod({}, 'Failed'), unknown: ['events'] },
    'evidence-incomplete',
    /events/,
  ],
  ['the pod cannot be read', { unknown: ['pod'] }, 'evidence-incomplete', /pod.*403/],
  [
    'the application cannot be read',
    { application: null, unknown: ['application'] },
    'evidence-incomplete',
    /application/,
  ],
  [
    'the application is in the evidence, but not in the cluster facts',
    { facts: { application: null } },
    'evidence-incomplete',
    /run the command again/,
  ],
  ['the nodes cannot be read', { facts: { nodes: unreadable } }, 'evidence-incomplete', /nodes: HTTP 403/],
  ['the quotas cannot be read', { facts: { quotas: unreadable } }, 'evidence-incomplete', /quotas/],
  [
    'the namespace cannot be read',
    { facts: { namespaceAnnotations: unreadable } },
    'evidence-incomplete',
    /namespace jobs/,
  ],
  [
    'a memory size that Spark cannot parse',
    { application: application({ driver: { memory: 'lots' } }) },
    'evidence-incomplete',
  ],
  [
    'paused application',
    {
      application: application({
        metadata: { annotations: { 'spark-nanny.io/paused-until': '2026-11-24T18:00:00Z works' } },
      }),
    },
    'paused',
    /18:00:00.000Z: works/,
  ],
  [
    'paused namespace',
    { facts: { namespaceAnnotations: { kind: 'read', value: { 'spark-nanny.io/paused-until': 'for a while' } } } },
    'paused',
    /until it is removed/,
  ],
  [
    'quarantined application',
    {
      application: application({
        metadata: {
          annotations: {
            'spark-nanny.io/actions': '{"generation":3,"quarantined":"2026-11-24T11:00:00Z","actions":[]}',
          },
        },
      }),
    },
    'quarantined',
  ],
  ['suspended application', { application: application({ spec: { suspend: true } }) }, 'suspended'],
  [
    'the application is being deleted',
    { application: application({ metadata: { deletionTimestamp: '2026-11-24T11:59:00Z' } }) },
    'being-deleted',
  ],
  ['the operator will submit it', { application: application({ state: 'INVALIDATING' }) }, 'operator-active'],
  [
    'the operator will submit it again',
    { application: application({ state: 'PENDING_RERUN' }), pod: null },
    'operator-active',
  ],
  [
    'its container has ended, but its pod still runs',
    { application: application({ state: 'RUNNING' }), pod: pod(exited(137, 'OOMKilled'), 'Running'), log: '' },
    'operator-active',
    /has just ended/,
  ],
  [
    'the pod is in the evidence, but not in the cluster facts',
    { facts: { pod: null } },
    'evidence-incomplete',
    /run the command again/,
  ],
  [
    'the application has no state yet',
    { application: application({ state: '' }), pod: null },
    'operator-active',
    /not set yet/,
  ],
  [
    'evicted, and the operator retries',
    {
      pod: evicted,
      log: '',
      application: application({ state: 'FAILING', spec: { restartPolicy: { type: 'Always' } } }),
    },
    'operator-retries',
  ],
  [
    'terminated with the Apache operator',
    { application: apacheApplication('ResourceReleased', 'OnFailure', ['Failed']) },
    'operator-does-not-rerun',
  ],
  [
    'restart policy Never with the Apache operator',
    { application: apacheApplication('Failed', 'Never') },
    'operator-does-not-rerun',
  ],
  [
    'evicted, and the Apache operator restarts it',
    { pod: evicted, log: '', application: apacheApplication('ScheduledToRestart') },
    'operator-retries',
  ],
  [
    'a fixed memory limit',
    { application: application({ driver: { memoryLimit: '2Gi' } }) },
    'memory-limit-fixed',
    /2Gi/,
  ],
  [
    'the largest node is too small',
    { facts: { nodes: { kind: 'read', value: [parseNodeRoom(node('1500Mi'))] } } },
    'no-capacity',
    /1500Mi \(the largest suitable node, node1\)/,
  ],
  [
    'no node is schedulable',
    { facts: { nodes: { kind: 'read', value: [parseNodeRoom(node('64Gi', { spec: { unschedulable: true } }))] } } },
    'no-capacity',
  ],
  [
    'the maximum of a LimitRange',
    {
      facts: {
        limitRanges: {
          kind: 'read',
          value: [{ spec: { limits: [{ type: 'Container', max: { memory: '1500Mi' } }] } }],
        },
      },
    },
    'no-capacity',
    /LimitRange/,
  ],
  [
    'an exhausted quota',
    {
      facts: {
        quotas: {
          kind: 'read',
          value: [
            {
              metadata: { name: 'q' },
              spec: { hard: { 'limits.memory': '4Gi' } },
              status: { used: { 'limits.memory': '3Gi' } },
            },
          ],
        },
      },
    },
    'no-capacity',
    /1024Mi \(ResourceQuota q, limits.memory\)/,
  ],
]

describe('planRecovery: refusals', () => {
  for (const [condition, driverCase, reason, detail = /./] of refused) {
    test(`${condition} → ${reason}`, () => {
      const plan = planCase(driverCase)
      assert.equal(plan.kind, 'refuse', JSON.stringify(plan))
      assert.deepEqual([plan.kind, plan.kind === 'refuse' && plan.reason], ['refuse', reason], JSON.stringify(plan))
      assert.match(plan.kind === 'refuse' ? plan.detail : '', detail)
    })
  }
  test('every refusal reason → has a case', () => {
    const seen = new Set(refused.map(([, , reason]) => reason))
    assert.deepEqual(
      Object.keys(refusalReasons).filter((reason) => !seen.has(reason as RefusalReason)),
      [],
    )
  })
})

/** Summarizes the cause, the remedy and the steps of a plan. */
const summarize = (plan: Plan): unknown => {
  if (plan.kind !== 'apply') return plan.kind === 'refuse' ? [plan.kind, plan.reason, plan.detail] : plan.kind
  return [
    plan.cause.id,
    plan.remedy.kind,
    ...plan.steps.map((step) =>
      step.kind === 'delete-pod' ? `delete ${step.uid}@${step.resourceVersion}` : step.spec,
    ),
  ]
}

const now = '2026-11-24T12:00:00.000Z'
const rerunPatch = { driver: { annotations: { 'spark-nanny.io/rerun': now } } }

const applied: readonly (readonly [condition: string, driverCase: DriverCase, wanted: readonly unknown[]])[] = [
  ['a full heap', {}, ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }]],
  [
    'a full heap, memory set in sparkConf',
    {
      application: application({ driver: { memory: undefined }, spec: { sparkConf: { 'spark.driver.memory': '2g' } } }),
    },
    ['SPN-MEMORY-HEAP', 'raise-memory', { sparkConf: { 'spark.driver.memory': '3g' } }],
  ],
  [
    'a full heap, memory set in a field and in sparkConf',
    { application: application({ driver: { memory: '2g' }, spec: { sparkConf: { 'spark.driver.memory': '1g' } } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '3g' } }],
  ],
  [
    'a full heap, memory not set',
    { application: application({ driver: { memory: undefined } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }],
  ],
  [
    'a full heap, and the driver had more memory than its application sets',
    { documents: { conf: 'spark.driver.memory=4g\n' } },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '6g' } }],
  ],
  [
    'a full heap, and the application has been raised since',
    { application: application({ driver: { memory: '8g' } }), documents: { conf: 'spark.driver.memory=4g\n' } },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '12g' } }],
  ],
  [
    'container killed for memory',
    { pod: oomKilled, log: '' },
    ['SPN-MEMORY-CONTAINER-OOM', 'raise-memory', { driver: { memoryOverhead: '768m' } }],
  ],
  [
    'Python container killed for memory, default overhead factor 0.4',
    { pod: oomKilled, log: '', application: application({ spec: { type: 'Python' }, driver: { memory: '4g' } }) },
    ['SPN-MEMORY-CONTAINER-OOM', 'raise-memory', { driver: { memoryOverhead: '3328m' } }],
  ],
  [
    'a full heap, limited by the node',
    {
      application: application({ driver: { memory: '8g' } }),
      facts: { nodes: { kind: 'read', value: [parseNodeRoom(node('12Gi'))] } },
    },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '11136m' } }],
  ],
  ['evicted pod', { pod: evicted, log: '' }, ['SPN-NODE-EVICTED', 'rerun', rerunPatch]],
  [
    'its container was lost while the kubelet was down',
    { pod: podWithUnknownStatus, log: '' },
    ['SPN-NODE-LOST', 'rerun', rerunPatch],
  ],
  [
    'deleted because of a taint, and its end was observed',
    { pod: podOnLostNode(exited(143), 'DeletionByTaintManager'), log: '' },
    ['SPN-NODE-TAINTED', 'rerun', rerunPatch],
  ],
  [
    'its pod was deleted because of a taint, with --cause-fixed',
    { pod: null, log: '', events: taintEviction, request: { causeFixed: true } },
    ['SPN-NODE-TAINTED', 'rerun', rerunPatch],
  ],
  [
    'its node no longer exists, with --cause-fixed',
    { pod: podOnLostNode(runs), log: '', request: { causeFixed: true } },
    ['SPN-NODE-LOST', 'rerun', rerunPatch],
  ],
  [
    'evicted, and the operator has no retries left',
    {
      pod: evicted,
      log: '',
      application: application({
        state: 'FAILING',
        spec: { restartPolicy: { type: 'OnFailure', onFailureRetries: 1 } },
        status: { executionAttempts: 2 },
      }),
    },
    ['SPN-NODE-EVICTED', 'rerun', rerunPatch],
  ],
  [
    'hung driver',
    {
      pod: pod(runs, 'Running', { spec: {} }),
      application: application({ state: 'RUNNING' }),
      log: '',
      documents: hungSidecar,
    },
    ['SPN-HANG-UNRESPONSIVE', 'rerun', rerunPatch],
  ],
  [
    'no cause was found, with --cause-fixed',
    { ...noCause, request: { causeFixed: true } },
    ['SPN-EXIT-OTHER', 'rerun', rerunPatch],
  ],
  [
    'a missing class, with --cause-fixed',
    { log: 'Error: Failed to load class App.\n', request: { causeFixed: true } },
    ['SPN-CLASSPATH-MAIN-CLASS', 'rerun', rerunPatch],
  ],
  [
    'the same remedy was tried before the window',
    { application: application({ metadata: { annotations: recovery({ at: '2026-11-24T10:30:00Z' }) } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }],
  ],
  [
    'another cause was treated recently',
    { application: application({ metadata: { annotations: recovery({ cause: 'SPN-NODE-LOST' }) } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }],
  ],
  [
    'a run was interrupted before it acted',
    { application: application({ metadata: { annotations: recovery({ outcome: 'started', generation: 3 }) } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }],
  ],
  [
    'a full heap, between two attempts of the Apache operator',
    { application: apacheApplication('ScheduledToRestart') },
    ['SPN-MEMORY-HEAP', 'raise-memory', { sparkConf: { 'spark.driver.memory': '1536m' } }],
  ],
  [
    'the name is taken by a failed pod',
    {
      application: application({ state: 'FAILED', message: nameTakenMessage }),
      pod: pod(exited(1), 'Failed', { metadata: previousRun }),
    },
    ['SPN-APPLICATION-NAME-TAKEN', 'delete-stale-pod', 'delete pod-uid@60', rerunPatch],
  ],
  [
    'the name is taken by a completed pod of another run',
    {
      application: application({ state: 'FAILED', message: nameTakenMessage }),
      pod: pod(exited(0), 'Succeeded', { metadata: previousRun }),
    },
    ['SPN-APPLICATION-NAME-TAKEN', 'delete-stale-pod', 'delete pod-uid@60', rerunPatch],
  ],
  [
    'the name is taken, and the operator retries',
    {
      application: application({
        state: 'SUBMISSION_FAILED',
        message: nameTakenMessage,
        spec: { restartPolicy: { type: 'Always' } },
      }),
      pod: pod(exited(1), 'Failed', { metadata: previousRun }),
    },
    ['SPN-APPLICATION-NAME-TAKEN', 'delete-stale-pod', 'delete pod-uid@60'],
  ],
  [
    'the operator waits for a pod that has ended',
    { application: application({ state: 'PENDING_RERUN' }), pod: pod(exited(1), 'Failed', { metadata: previousRun }) },
    ['SPN-APPLICATION-NAME-TAKEN', 'delete-stale-pod', 'delete pod-uid@60'],
  ],
  [
    'the name was taken, but the pod no longer exists',
    { application: application({ state: 'FAILED', message: nameTakenMessage }), pod: null },
    ['SPN-APPLICATION-NAME-TAKEN', 'rerun', rerunPatch],
  ],
]

describe('planRecovery: remedies', () => {
  for (const [condition, driverCase, wanted] of applied) {
    test(`${condition} → ${wanted[1]}`, () => assert.deepEqual(summarize(planCase(driverCase)), wanted))
  }
})

describe('planRecovery', () => {
  test('the name is taken by a running pod → driver-running', () => {
    const plan = planCase({
      application: application({ state: 'FAILED', message: nameTakenMessage }),
      pod: pod(runs, 'Running', { metadata: previousRun }),
      log: '',
    })
    assert.equal(plan.kind === 'refuse' && plan.reason, 'driver-running')
  })

  test('a plan → states its amounts, its undo, who reruns it and its manual steps', () => {
    const plan = planCase({
      application: application({ driver: { memory: '8g' } }),
      facts: { nodes: { kind: 'read', value: [parseNodeRoom(node('12Gi'))] } },
    })
    assert.ok(plan.kind === 'apply' && plan.remedy.kind === 'raise-memory')
    assert.deepEqual(
      [plan.remedy.fromMiB, plan.remedy.toMiB, plan.remedy.containerFromMiB, plan.remedy.containerToMiB],
      [8192, 11136, 8192 + 819, 11136 + 1113],
    )
    assert.match(plan.remedy.cappedBy ?? '', /node1, 12288Mi/)
    assert.match(plan.undo, /"driver":\{"memory":"8g"\}/)
    assert.match(plan.reruns, /INVALIDATING/)
    const evictedPlan = planCase({ pod: evicted, log: '' })
    assert.deepEqual(evictedPlan.kind === 'apply' && evictedPlan.byHand, ['kubectl cordon node1'])
    const scheduled = planCase({
      application: application({
        metadata: { ownerReferences: [{ kind: 'ScheduledSparkApplication', name: 's', uid: 'u' }] },
      }),
    })
    assert.match(scheduled.kind === 'apply' ? scheduled.notes.join() : '', /ScheduledSparkApplication\/s/)
  })

  test('a run was interrupted after it acted → it is resumed, even if its driver is healthy', () => {
    const annotations = recovery({ outcome: 'started' })
    for (const driverCase of [
      { application: application({ metadata: { annotations } }) },
      { application: application({ metadata: { annotations }, state: 'RUNNING' }), pod: pod(runs, 'Running'), log: '' },
    ]) {
      const plan = planCase(driverCase)
      assert.deepEqual([plan.kind, plan.kind === 'resume' && plan.podBefore], ['resume', 'pod-before'])
    }
  })

  test('plain spark-submit → prints the command of the next submission', () => {
    const conf =
      'spark.driver.memory=2g\nspark.app.id=spark-1\nspark.kubernetes.driver.pod.name=nightly-driver\nspark.master=k8s://https://api\n'
    const plan = planCase({ application: null, documents: { conf } })
    assert.ok(plan.kind === 'print-only')
    assert.deepEqual(plan.commands, [
      'kubectl -n jobs delete pod nightly-driver',
      'spark-submit --master k8s://https://api --deploy-mode cluster --name nightly --class App --conf spark.driver.memory=3g --conf spark.kubernetes.driver.pod.name=nightly-driver local:///app.jar',
    ])
    const unknown = planCase({ application: null })
    assert.equal(unknown.kind === 'refuse' && unknown.reason, 'evidence-incomplete')
  })
})
