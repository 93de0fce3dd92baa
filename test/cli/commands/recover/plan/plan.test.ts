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
  planOf,
  pod,
  runs,
  unreadable,
} from '../driver-case.ts'

const oomKilled = pod(exited(137, 'OOMKilled'), 'Failed')
const evicted = pod(exited(137), 'Failed', {
  status: { reason: 'Evicted', message: 'The node was low on resource: memory. ' },
})
/** As the pod garbage collector leaves a pod whose Node object is gone. */
const lost = (state: object, reason = 'DeletionByPodGC') =>
  pod(state, 'Failed', { status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: 'x' }] } })
const taintedAway = [
  {
    reason: 'TaintManagerEviction',
    message: 'Marking for deletion Pod jobs/nightly-driver',
    involvedObject: { kind: 'Pod', name: 'nightly-driver' },
  },
]
const unlocated = pod(exited(137, 'ContainerStatusUnknown'), 'Failed')
const noCause = { log: 'nothing\n', pod: pod(exited(3), 'Failed') }
const completedPod = pod(exited(0, 'Completed'), 'Succeeded')
const taken = 'failed to run spark-submit: pods "nightly-driver" already exists'
const ofBefore = { labels: { 'spark-role': 'driver', 'sparkoperator.k8s.io/submission-id': 'submission-1' } }
const hung = { sidecar: { state: 'hung', reason: 'timeout', detail: 'no answer', since: '2026-11-24T11:50:00Z' } }
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

type Refused = readonly [what: string, one: DriverCase, reason: RefusalReason, detail?: RegExp]

const refused: readonly Refused[] = [
  ['completed by state', { application: application({ state: 'COMPLETED' }) }, 'completed', /COMPLETED/],
  ['about to be completed', { application: application({ state: 'SUCCEEDING' }) }, 'completed'],
  ['completed by exit code', { pod: completedPod }, 'completed', /exit code 0/],
  ['completed, and its cause fixed', { pod: completedPod, request: { causeFixed: true } }, 'completed'],
  ['completed, plain', { pod: completedPod, application: null, log: '' }, 'completed'],
  [
    'completed at Apache’s, resources released',
    { application: apacheApplication('ResourceReleased', 'Always', ['RunningHealthy', 'Succeeded']), pod: null },
    'completed',
  ],
  [
    'its own pod completed, whatever the message',
    { application: application({ message: taken }), pod: completedPod },
    'completed',
  ],
  ['healthy', { pod: pod(runs, 'Running'), application: application({ state: 'RUNNING' }), log: '' }, 'healthy-driver'],
  [
    'ended by a hand long after a full heap that it got over',
    {
      pod: pod(exited(143), 'Failed'),
      log: `26/11/24 11:00:00 ERROR App: again\njava.lang.OutOfMemoryError: Java heap space\n${'26/11/24 11:30:00 INFO App: works\n'.repeat(50)}`,
    },
    'no-remedy',
  ],
  [
    'its node is gone, and nobody saw it end',
    { pod: lost(runs), log: '' },
    'may-still-run',
    /node node1.*--cause-fixed/,
  ],
  ['the same, plain', { pod: lost(runs), log: '', application: null }, 'may-still-run'],
  ['tainted away, and nobody saw it end', { pod: lost(runs, 'DeletionByTaintManager'), log: '' }, 'may-still-run'],
  ['a full heap on a node that is gone', { pod: lost(runs) }, 'may-still-run'],
  [
    'the operator waits for a pod that nobody saw end',
    { pod: lost(runs), log: '', application: application({ state: 'PENDING_RERUN' }) },
    'operator-active',
  ],
  [
    'the name is taken by a pod that nobody saw end',
    { pod: lost(runs), log: '', application: application({ state: 'FAILED', message: taken }) },
    'may-still-run',
  ],
  [
    'stuck on its way out, its node silent',
    {
      pod: pod(runs, 'Running', { metadata: { deletionTimestamp: '2026-11-24T11:50:00Z' } }),
      application: application({ state: 'RUNNING' }),
      log: '',
      documents: { node: node('32Gi', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }) },
    },
    'driver-running',
  ],
  ['its pod went with its node', { pod: null, log: '' }, 'needs-confirmation'],
  ['its pod went after a taint', { pod: null, log: '', events: taintedAway }, 'may-still-run', /its pod is gone/],
  ['the same, plain', { pod: null, log: '', events: taintedAway, application: null }, 'may-still-run'],
  ['healthy, plain', { pod: pod(runs, 'Running'), application: null, log: '' }, 'healthy-driver'],
  [
    'healthy as far as it could be read',
    { pod: pod(runs, 'Running'), application: application({ state: 'RUNNING' }), log: '', unknown: ['sidecar'] },
    'healthy-driver',
    /not read: sidecar/,
  ],
  [
    'runs with a fault',
    { pod: pod(runs, 'Running'), application: application({ state: 'RUNNING' }) },
    'driver-running',
  ],
  [
    'runs, and its cause fixed',
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
    ([where, key, value, by]): Refused => [
      `managed by ${key}`,
      { application: application({ metadata: { [where]: { [key]: value } } }) },
      'gitops',
      by,
    ],
  ),
  [
    'tried already',
    { application: application({ metadata: { annotations: recovery({}) } }) },
    'already-tried',
    /ann treated it at 2026-11-24T11:30/,
  ],
  [
    'recovered, and down again',
    { application: application({ metadata: { annotations: recovery({ outcome: 'recovered' }) } }) },
    'already-tried',
  ],
  [
    'an error of the program',
    { log: 'Exception in thread "main" java.lang.IllegalStateException: x\n\tat A.b(A.java:1)\n' },
    'no-remedy',
  ],
  ['a missing class', { log: 'Error: Failed to load class App.\n' }, 'no-remedy'],
  [
    'metaspace: more memory alone does not help',
    { log: 'java.lang.OutOfMemoryError: Metaspace\n', pod: pod(exited(1), 'Failed') },
    'no-remedy',
  ],
  ['a doubtful cause', { log: '', pod: pod(exited(143), 'Failed') }, 'needs-confirmation', /--cause-fixed/],
  ['no cause at all', { log: '', pod: pod({}, 'Failed') }, 'needs-confirmation'],
  ['no cause, not all read', { log: '', pod: pod({}, 'Failed'), unknown: ['events'] }, 'evidence-incomplete', /events/],
  ['the pod could not be read', { unknown: ['pod'] }, 'evidence-incomplete', /pod.*403/],
  [
    'the application could not be read',
    { application: null, unknown: ['application'] },
    'evidence-incomplete',
    /application/,
  ],
  ['the application came late', { facts: { application: null } }, 'evidence-incomplete', /run the command again/],
  ['nodes could not be read', { facts: { nodes: unreadable } }, 'evidence-incomplete', /nodes: HTTP 403/],
  ['quotas could not be read', { facts: { quotas: unreadable } }, 'evidence-incomplete', /quotas/],
  [
    'the namespace could not be read',
    { facts: { namespaceAnnotations: unreadable } },
    'evidence-incomplete',
    /namespace jobs/,
  ],
  [
    'a size that Spark cannot read',
    { application: application({ driver: { memory: 'lots' } }) },
    'evidence-incomplete',
  ],
  [
    'paused',
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
    'quarantined',
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
  ['suspended', { application: application({ spec: { suspend: true } }) }, 'suspended'],
  [
    'being deleted',
    { application: application({ metadata: { deletionTimestamp: '2026-11-24T11:59:00Z' } }) },
    'being-deleted',
  ],
  ['to be submitted', { application: application({ state: 'INVALIDATING' }) }, 'operator-active'],
  ['to be submitted again', { application: application({ state: 'PENDING_RERUN' }), pod: null }, 'operator-active'],
  [
    'its container has ended, its pod has not',
    { application: application({ state: 'RUNNING' }), pod: pod(exited(137, 'OOMKilled'), 'Running'), log: '' },
    'operator-active',
    /has just ended/,
  ],
  ['another pod while it was read', { facts: { pod: null } }, 'evidence-incomplete', /run the command again/],
  ['no state yet', { application: application({ state: '' }), pod: null }, 'operator-active', /not set yet/],
  [
    'evicted, and retried anyway',
    {
      pod: evicted,
      log: '',
      application: application({ state: 'FAILING', spec: { restartPolicy: { type: 'Always' } } }),
    },
    'operator-retries',
  ],
  [
    'Apache’s, terminated',
    { application: apacheApplication('ResourceReleased', 'OnFailure', ['Failed']) },
    'operator-does-not-rerun',
  ],
  ['Apache’s, never restarted', { application: apacheApplication('Failed', 'Never') }, 'operator-does-not-rerun'],
  [
    'Apache’s, evicted, restarted anyway',
    { pod: evicted, log: '', application: apacheApplication('ScheduledToRestart') },
    'operator-retries',
  ],
  ['a fixed limit', { application: application({ driver: { memoryLimit: '2Gi' } }) }, 'memory-limit-fixed', /2Gi/],
  [
    'a small node',
    { facts: { nodes: { kind: 'read', value: [parseNodeRoom(node('1500Mi'))] } } },
    'no-capacity',
    /1500Mi \(the largest suitable node, node1\)/,
  ],
  [
    'no node that takes it',
    { facts: { nodes: { kind: 'read', value: [parseNodeRoom(node('64Gi', { spec: { unschedulable: true } }))] } } },
    'no-capacity',
  ],
  [
    'a LimitRange',
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
    'a spent quota',
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

describe('refused', () => {
  for (const [what, one, reason, detail = /./] of refused) {
    test(`${what} → ${reason}`, () => {
      const made = planOf(one)
      assert.equal(made.kind, 'refuse', JSON.stringify(made))
      assert.deepEqual([made.kind, made.kind === 'refuse' && made.reason], ['refuse', reason], JSON.stringify(made))
      assert.match(made.kind === 'refuse' ? made.detail : '', detail)
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

/** What a plan does, in short. */
const short = (made: Plan): unknown => {
  if (made.kind !== 'apply') return made.kind === 'refuse' ? [made.kind, made.reason, made.detail] : made.kind
  return [
    made.cause.id,
    made.remedy.kind,
    ...made.steps.map((step) =>
      step.kind === 'delete-pod' ? `delete ${step.uid}@${step.resourceVersion}` : step.spec,
    ),
  ]
}

const now = '2026-11-24T12:00:00.000Z'
const again = { driver: { annotations: { 'spark-nanny.io/rerun': now } } }

const applied: readonly (readonly [what: string, one: DriverCase, wanted: readonly unknown[]])[] = [
  ['a full heap', {}, ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }]],
  [
    'where the value stands',
    {
      application: application({ driver: { memory: undefined }, spec: { sparkConf: { 'spark.driver.memory': '2g' } } }),
    },
    ['SPN-MEMORY-HEAP', 'raise-memory', { sparkConf: { 'spark.driver.memory': '3g' } }],
  ],
  [
    'a field outweighs sparkConf',
    { application: application({ driver: { memory: '2g' }, spec: { sparkConf: { 'spark.driver.memory': '1g' } } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '3g' } }],
  ],
  [
    'Spark’s default',
    { application: application({ driver: { memory: undefined } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }],
  ],
  [
    'the driver had more than the application says: its image does',
    { documents: { conf: 'spark.driver.memory=4g\n' } },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '6g' } }],
  ],
  [
    'the application says more than the driver had: it was raised since',
    { application: application({ driver: { memory: '8g' } }), documents: { conf: 'spark.driver.memory=4g\n' } },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '12g' } }],
  ],
  [
    'a killed container',
    { pod: oomKilled, log: '' },
    ['SPN-MEMORY-CONTAINER-OOM', 'raise-memory', { driver: { memoryOverhead: '768m' } }],
  ],
  [
    'a killed container of Python: its default factor is 0.4',
    { pod: oomKilled, log: '', application: application({ spec: { type: 'Python' }, driver: { memory: '4g' } }) },
    ['SPN-MEMORY-CONTAINER-OOM', 'raise-memory', { driver: { memoryOverhead: '3328m' } }],
  ],
  [
    'held back by the node',
    {
      application: application({ driver: { memory: '8g' } }),
      facts: { nodes: { kind: 'read', value: [parseNodeRoom(node('12Gi'))] } },
    },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '11136m' } }],
  ],
  ['evicted', { pod: evicted, log: '' }, ['SPN-NODE-EVICTED', 'rerun', again]],
  ['its container was gone when the kubelet came back', { pod: unlocated, log: '' }, ['SPN-NODE-LOST', 'rerun', again]],
  [
    'tainted away, seen to end',
    { pod: lost(exited(143), 'DeletionByTaintManager'), log: '' },
    ['SPN-NODE-TAINTED', 'rerun', again],
  ],
  [
    'its pod went after a taint, and its machine is off',
    { pod: null, log: '', events: taintedAway, request: { causeFixed: true } },
    ['SPN-NODE-TAINTED', 'rerun', again],
  ],
  [
    'lost, and its machine is off',
    { pod: lost(runs), log: '', request: { causeFixed: true } },
    ['SPN-NODE-LOST', 'rerun', again],
  ],
  [
    'evicted, retries spent',
    {
      pod: evicted,
      log: '',
      application: application({
        state: 'FAILING',
        spec: { restartPolicy: { type: 'OnFailure', onFailureRetries: 1 } },
        status: { executionAttempts: 2 },
      }),
    },
    ['SPN-NODE-EVICTED', 'rerun', again],
  ],
  [
    'hung',
    {
      pod: pod(runs, 'Running', { spec: {} }),
      application: application({ state: 'RUNNING' }),
      log: '',
      documents: hung,
    },
    ['SPN-HANG-UNRESPONSIVE', 'rerun', again],
  ],
  ['no cause, cause fixed', { ...noCause, request: { causeFixed: true } }, ['SPN-EXIT-OTHER', 'rerun', again]],
  [
    'a missing class, cause fixed',
    { log: 'Error: Failed to load class App.\n', request: { causeFixed: true } },
    ['SPN-CLASSPATH-MAIN-CLASS', 'rerun', again],
  ],
  [
    'tried, but longer ago',
    { application: application({ metadata: { annotations: recovery({ at: '2026-11-24T10:30:00Z' }) } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }],
  ],
  [
    'tried for another cause',
    { application: application({ metadata: { annotations: recovery({ cause: 'SPN-NODE-LOST' }) } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }],
  ],
  [
    'cut off before it acted',
    { application: application({ metadata: { annotations: recovery({ outcome: 'started', generation: 3 }) } }) },
    ['SPN-MEMORY-HEAP', 'raise-memory', { driver: { memory: '1536m' } }],
  ],
  [
    'Apache’s, between two attempts',
    { application: apacheApplication('ScheduledToRestart') },
    ['SPN-MEMORY-HEAP', 'raise-memory', { sparkConf: { 'spark.driver.memory': '1536m' } }],
  ],
  [
    'the name is taken by a failed pod',
    {
      application: application({ state: 'FAILED', message: taken }),
      pod: pod(exited(1), 'Failed', { metadata: ofBefore }),
    },
    ['SPN-APPLICATION-NAME-TAKEN', 'delete-stale-pod', 'delete pod-uid@60', again],
  ],
  [
    'the name is taken by a completed pod of another run',
    {
      application: application({ state: 'FAILED', message: taken }),
      pod: pod(exited(0), 'Succeeded', { metadata: ofBefore }),
    },
    ['SPN-APPLICATION-NAME-TAKEN', 'delete-stale-pod', 'delete pod-uid@60', again],
  ],
  [
    'the name is taken, and the operator tries again',
    {
      application: application({
        state: 'SUBMISSION_FAILED',
        message: taken,
        spec: { restartPolicy: { type: 'Always' } },
      }),
      pod: pod(exited(1), 'Failed', { metadata: ofBefore }),
    },
    ['SPN-APPLICATION-NAME-TAKEN', 'delete-stale-pod', 'delete pod-uid@60'],
  ],
  [
    'the operator waits for the end of a pod',
    { application: application({ state: 'PENDING_RERUN' }), pod: pod(exited(1), 'Failed', { metadata: ofBefore }) },
    ['SPN-APPLICATION-NAME-TAKEN', 'delete-stale-pod', 'delete pod-uid@60'],
  ],
  [
    'the name was taken, and is free again',
    { application: application({ state: 'FAILED', message: taken }), pod: null },
    ['SPN-APPLICATION-NAME-TAKEN', 'rerun', again],
  ],
]

describe('applied', () => {
  for (const [what, one, wanted] of applied) {
    test(`${what} → ${String(wanted)}`, () => assert.deepEqual(short(planOf(one)), wanted))
  }
})

test('a living pod that has the name is never deleted', () => {
  const made = planOf({
    application: application({ state: 'FAILED', message: taken }),
    pod: pod(runs, 'Running', { metadata: ofBefore }),
    log: '',
  })
  assert.equal(made.kind === 'refuse' && made.reason, 'driver-running')
})

test('what it tells: sums, undo, who reruns, what is left to people', () => {
  const made = planOf({
    application: application({ driver: { memory: '8g' } }),
    facts: { nodes: { kind: 'read', value: [parseNodeRoom(node('12Gi'))] } },
  })
  assert.ok(made.kind === 'apply' && made.remedy.kind === 'raise-memory')
  assert.deepEqual(
    [made.remedy.fromMiB, made.remedy.toMiB, made.remedy.containerFromMiB, made.remedy.containerToMiB],
    [8192, 11136, 8192 + 819, 11136 + 1113],
  )
  assert.match(made.remedy.cappedBy ?? '', /node1, 12288Mi/)
  assert.match(made.undo, /"driver":\{"memory":"8g"\}/)
  assert.match(made.reruns, /INVALIDATING/)
  const lost = planOf({ pod: evicted, log: '' })
  assert.deepEqual(lost.kind === 'apply' && lost.byHand, ['kubectl cordon node1'])
  const scheduled = planOf({
    application: application({
      metadata: { ownerReferences: [{ kind: 'ScheduledSparkApplication', name: 's', uid: 'u' }] },
    }),
  })
  assert.match(scheduled.kind === 'apply' ? scheduled.notes.join() : '', /ScheduledSparkApplication\/s/)
})

test('a run that was cut off after it had acted is watched on, also when its driver is well', () => {
  const annotations = recovery({ outcome: 'started' })
  for (const one of [
    { application: application({ metadata: { annotations } }) },
    { application: application({ metadata: { annotations }, state: 'RUNNING' }), pod: pod(runs, 'Running'), log: '' },
  ]) {
    const made = planOf(one)
    assert.deepEqual([made.kind, made.kind === 'resume' && made.podBefore], ['resume', 'pod-before'])
  }
})

test('plain spark-submit: the flags of the next submission', () => {
  const conf =
    'spark.driver.memory=2g\nspark.app.id=spark-1\nspark.kubernetes.driver.pod.name=nightly-driver\nspark.master=k8s://https://api\n'
  const made = planOf({ application: null, documents: { conf } })
  assert.ok(made.kind === 'print-only')
  assert.deepEqual(made.commands, [
    'kubectl -n jobs delete pod nightly-driver',
    'spark-submit --master k8s://https://api --deploy-mode cluster --name nightly --class App --conf spark.driver.memory=3g --conf spark.kubernetes.driver.pod.name=nightly-driver local:///app.jar',
  ])
  const unknown = planOf({ application: null })
  assert.equal(unknown.kind === 'refuse' && unknown.reason, 'evidence-incomplete')
})
