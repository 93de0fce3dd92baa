import { change, inspect } from '../../../findings/remedies.ts'
import type { StaticRule } from '../../../static-checks/run.ts'

/** What the namespace holds, and whether the driver would be watched there. */
export const namespaceChecks = {
  namespace: {
    id: 'SPN-PREFLIGHT-NAMESPACE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace does not exist',
    detail: 'namespace {namespace} does not exist',
    meaning: 'The API server rejects whatever is created in it.',
    remedies: [change('Create it, or choose another', 'kubectl create namespace {namespace}')],
  },
  notWatched: {
    id: 'SPN-PREFLIGHT-NOT-WATCHED',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'spark-nanny could not watch the driver',
    detail: 'spark-nanny could not watch the driver: {why}',
    meaning:
      'The webhook leaves a pod as it is rather than make one that the cluster rejects. A hung driver then stays Running until somebody looks.',
    remedies: [
      inspect('See what the webhook would do', 'spark-nanny inject -f POD.yaml --explain'),
      inspect('Look at the installation', 'spark-nanny check'),
    ],
  },
  notLabelled: {
    id: 'SPN-PREFLIGHT-NOT-LABELLED',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'spark-nanny would not watch the driver',
    detail: 'spark-nanny would not watch the driver: {why}',
    meaning: 'A hung driver then stays Running until somebody looks.',
    remedies: [change('Opt the namespace in', 'kubectl label namespace {namespace} spark-nanny.io/inject=enabled')],
  },
  finalKill: {
    id: 'SPN-PREFLIGHT-FINAL',
    cause: 'hang',
    severity: 'warning',
    confidence: 'high',
    title: 'A driver that hangs would not be run again',
    detail: '{warning}',
    meaning: 'What becomes of a hung driver follows the restartPolicy of its owner and spark-nanny.io/restart.',
    remedies: [change('Set spec.restartPolicy to OnFailure with onFailureRetries, or leave it when that is meant')],
  },
  nameTaken: {
    id: 'SPN-PREFLIGHT-NAME-TAKEN',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'There is a pod or application of that name already',
    detail: '{kind} {name} exists already in {namespace}',
    meaning: 'The submission is refused as long as it is there, also when it has ended.',
    remedies: [inspect('See whether it is still needed', 'kubectl -n {namespace} get {kind} {name} -o wide')],
  },
  account: {
    id: 'SPN-PREFLIGHT-ACCOUNT',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The service account does not exist',
    detail: 'ServiceAccount {name} does not exist in {namespace} ({where})',
    meaning:
      'The API server rejects a pod whose service account is missing; the submission fails with “error looking up service account”.',
    remedies: [
      change(
        'Create it, with what Spark needs',
        'kubectl -n {namespace} create serviceaccount {name}',
        'kubectl -n {namespace} create rolebinding {name}-spark --clusterrole=edit --serviceaccount={namespace}:{name}',
      ),
    ],
  },
  missing: {
    id: 'SPN-PREFLIGHT-MISSING',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'Something that the pods refer to does not exist',
    detail: '{kind} {name}{key} does not exist in {namespace} ({where})',
    meaning:
      'A pod whose Secret, ConfigMap or claim is missing waits for it, in ContainerCreating or Pending, until somebody looks; one whose priority class is missing is rejected.',
    remedies: [change('Create it before the application, or correct the name')],
  },
  claim: {
    id: 'SPN-PREFLIGHT-CLAIM',
    cause: 'volume',
    severity: 'warning',
    confidence: 'medium',
    title: 'A claim may hold the pods back',
    detail: 'PersistentVolumeClaim {name} {problem}',
    meaning: 'A claim of ReadWriteOnce is mounted on one node only; one that is Lost or Pending may never be bound.',
    remedies: [inspect('Look at the claim', 'kubectl -n {namespace} describe persistentvolumeclaim {name}')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
