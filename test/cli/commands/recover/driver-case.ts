import type { ClusterFacts } from '../../../../cli/commands/recover/facts/cluster-facts.ts'
import { parseLiveApplication, parseLivePod } from '../../../../cli/commands/recover/facts/live-objects.ts'
import { planRecovery } from '../../../../cli/commands/recover/plan/decide.ts'
import type { Plan } from '../../../../cli/commands/recover/plan/plan.ts'
import type { RecoveryRequest } from '../../../../cli/commands/recover/plan/recovery-case.ts'
import { diagnose } from '../../../../cli/diagnosis/diagnose.ts'
import { type DocumentName, readDocuments, toDocuments } from '../../../../cli/diagnosis/documents.ts'
import { absent, type Evidence, type EvidenceReading } from '../../../../cli/evidence/evidence.ts'
import { LogScan } from '../../../../cli/log/scan.ts'
import { logMatchers } from '../../../../cli/rules/catalogue.ts'
import { parseNodeRoom } from '../../../../cli/workload/node-room.ts'

export const nowMs = Date.parse('2026-11-24T12:00:00Z')

/** The differences from the default case: a driver of the Kubeflow operator that failed with a full heap. */
export interface DriverCase {
  /** Null if there is no application. */
  readonly application?: object | null
  readonly pod?: object | null
  readonly log?: string
  readonly events?: readonly object[]
  readonly documents?: Partial<Record<DocumentName, unknown>>
  readonly unknown?: readonly DocumentName[]
  readonly facts?: Partial<ClusterFacts>
  readonly request?: Partial<RecoveryRequest>
}

export const application = (
  more: {
    readonly metadata?: object
    readonly spec?: object
    readonly driver?: object
    readonly state?: string
    readonly message?: string
    readonly status?: object
  } = {},
) => ({
  apiVersion: 'sparkoperator.k8s.io/v1beta2',
  kind: 'SparkApplication',
  metadata: {
    name: 'nightly',
    namespace: 'jobs',
    uid: 'app-uid',
    resourceVersion: '70',
    generation: 3,
    ...more.metadata,
  },
  spec: {
    type: 'Scala',
    sparkVersion: '4.0.1',
    image: 'spark:4.0.1',
    mainClass: 'App',
    mainApplicationFile: 'local:///app.jar',
    restartPolicy: { type: 'Never' },
    driver: { memory: '1g', cores: 1, ...more.driver },
    executor: { instances: 1 },
    ...more.spec,
  },
  status: {
    applicationState: { state: more.state ?? 'FAILED', errorMessage: more.message ?? 'driver container failed' },
    driverInfo: { podName: 'nightly-driver' },
    executionAttempts: 1,
    submissionAttempts: 1,
    submissionID: 'submission-2',
    ...more.status,
  },
})

export const apacheApplication = (state: string, restartPolicy = 'OnFailure', history: readonly string[] = []) => ({
  apiVersion: 'spark.apache.org/v1',
  kind: 'SparkApplication',
  metadata: { name: 'nightly', namespace: 'jobs', uid: 'app-uid', resourceVersion: '70', generation: 3 },
  spec: {
    mainClass: 'App',
    jars: 'local:///app.jar',
    sparkConf: { 'spark.driver.memory': '1g', 'spark.kubernetes.container.image': 'spark:4.0.1' },
    applicationTolerations: { restartConfig: { restartPolicy } },
  },
  status: {
    currentState: { currentStateSummary: state },
    stateTransitionHistory: Object.fromEntries(
      [...history, state].map((currentStateSummary, index) => [index, { currentStateSummary }]),
    ),
  },
})

export const exited = (exitCode: number, reason = 'Error') => ({
  terminated: { exitCode, reason, finishedAt: '2026-11-24T11:40:00Z' },
})
export const runs = { running: { startedAt: '2026-11-24T11:00:00Z' } }

export const pod = (
  state: object,
  phase: string,
  more: { readonly metadata?: object; readonly status?: object; readonly spec?: object } = {},
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'nightly-driver',
    namespace: 'jobs',
    uid: 'pod-uid',
    resourceVersion: '60',
    creationTimestamp: '2026-11-24T11:00:00Z',
    labels: {
      'spark-role': 'driver',
      'sparkoperator.k8s.io/app-name': 'nightly',
      'sparkoperator.k8s.io/submission-id': 'submission-2',
    },
    ...more.metadata,
  },
  spec: {
    nodeName: 'node1',
    containers: [
      {
        name: 'spark-kubernetes-driver',
        image: 'spark:4.0.1',
        args: ['driver', '--properties-file', '/opt/spark/conf/spark.properties', '--class', 'App', 'local:///app.jar'],
        resources: { requests: { cpu: '1', memory: '1408Mi' }, limits: { memory: '1408Mi' } },
      },
    ],
    volumes: [{ name: 'spark-conf-volume-driver', configMap: { name: 'conf-map' } }],
    ...more.spec,
  },
  status: {
    phase,
    containerStatuses: [{ name: 'spark-kubernetes-driver', restartCount: 0, state }],
    ...more.status,
  },
})

export const fullHeapLog = `26/11/24 11:39:58 INFO SparkContext: Running Spark version 4.0.1
Exception in thread "main" java.lang.OutOfMemoryError: Java heap space
\tat App.main(App.java:9)
`

export const node = (memory: string, more: object = {}) => ({
  metadata: { name: 'node1', labels: {} },
  spec: {},
  status: { allocatable: { cpu: '8', memory }, conditions: [{ type: 'Ready', status: 'True' }] },
  ...more,
})

export const facts = (more: Partial<ClusterFacts> = {}): ClusterFacts => ({
  application: null,
  pod: null,
  namespaceAnnotations: { kind: 'read', value: {} },
  nodes: { kind: 'read', value: [parseNodeRoom(node('32Gi'))] },
  limitRanges: { kind: 'read', value: [] },
  quotas: { kind: 'read', value: [] },
  ...more,
})

const forbidden = 'HTTP 403: forbidden'
export const unreadable = { kind: 'unreadable', status: 403, detail: forbidden } as const

/** Diagnoses the case and plans its recovery. */
export function planCase(driverCase: DriverCase): Plan {
  const evidence = buildEvidence(driverCase)
  const live =
    driverCase.application === null ? null : (parseLiveApplication(driverCase.application ?? application()) ?? null)
  const known = driverCase.pod === null ? null : (parseLivePod(driverCase.pod ?? pod(exited(1), 'Failed')) ?? null)
  const request: RecoveryRequest = { causeFixed: false, windowMs: 3_600_000, ...driverCase.request }
  return planRecovery(
    evidence,
    diagnose(evidence),
    facts({ application: live, pod: known, ...driverCase.facts }),
    request,
    nowMs,
  )
}

export function buildEvidence(driverCase: DriverCase): Evidence {
  const values: Partial<Record<DocumentName, unknown>> = {
    application: driverCase.application === undefined ? application() : driverCase.application,
    pod: driverCase.pod === undefined ? pod(exited(1), 'Failed') : driverCase.pod,
    events: { items: driverCase.events ?? [] },
    node: node('32Gi'),
    ...driverCase.documents,
  }
  const reading = (name: DocumentName): EvidenceReading<unknown> => {
    if (driverCase.unknown?.includes(name)) return { kind: 'unreadable', source: name, why: forbidden }
    const value = values[name]
    return value == null ? absent : { kind: 'read', value, source: name }
  }
  const scan = new LogScan(logMatchers, (text) => text)
  scan.write(new TextEncoder().encode(driverCase.log ?? fullHeapLog))
  return {
    ...readDocuments(toDocuments(reading)),
    log: values.pod == null ? absent : { kind: 'read', value: scan.end(), source: 'driver.log' },
    previousLog: absent,
    subject: { namespace: 'jobs', pod: 'nightly-driver', application: 'nightly' },
    collectedMs: nowMs,
  }
}
