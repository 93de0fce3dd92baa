import { change, inspect } from '../../../findings/remedies.ts'
import type { StaticRule } from '../../../static-checks/run.ts'

/** Findings about the namespace, its objects, and whether spark-nanny would protect the driver. */
export const namespaceChecks = {
  namespace: {
    id: 'SPN-PREFLIGHT-NAMESPACE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace does not exist',
    detail: 'namespace {namespace} does not exist',
    meaning: 'The API server rejects objects in a namespace that does not exist.',
    remedies: [change('Create the namespace, or choose another one', 'kubectl create namespace {namespace}')],
  },
  notWatched: {
    id: 'SPN-PREFLIGHT-NOT-WATCHED',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'spark-nanny could not protect the driver',
    detail: 'spark-nanny could not protect the driver: {why}',
    meaning:
      'The webhook does not change a pod if the cluster would reject the result. A hung driver then stays Running and goes undetected.',
    remedies: [
      inspect('Show what the webhook would change', 'spark-nanny inject -f POD.yaml --explain'),
      inspect('Check the installation', 'spark-nanny check'),
    ],
  },
  notLabelled: {
    id: 'SPN-PREFLIGHT-NOT-LABELLED',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'spark-nanny would not protect the driver',
    detail: 'spark-nanny would not protect the driver: {why}',
    meaning: 'A hung driver then stays Running and goes undetected.',
    remedies: [change('Opt the namespace in', 'kubectl label namespace {namespace} spark-nanny.io/inject=enabled')],
  },
  finalKill: {
    id: 'SPN-PREFLIGHT-FINAL',
    cause: 'hang',
    severity: 'note',
    confidence: 'high',
    title: 'A hung driver would not be rerun',
    detail: '{warning}',
    meaning: 'The restartPolicy of the owner and spark-nanny.io/restart decide what happens to a hung driver.',
    remedies: [change('Set spec.restartPolicy to OnFailure with onFailureRetries, unless a rerun is unwanted')],
  },
  nameTaken: {
    id: 'SPN-PREFLIGHT-NAME-TAKEN',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A pod or application with that name already exists',
    detail: '{kind} {name} already exists in {namespace}',
    meaning: 'The submission is rejected while the object exists, even if it has ended.',
    remedies: [inspect('Check whether it is still needed', 'kubectl -n {namespace} get {kind} {name} -o wide')],
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
        'Create it with the permissions that Spark needs',
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
      'A pod stays in ContainerCreating or Pending while its Secret, ConfigMap or claim is missing. A pod whose priority class is missing is rejected.',
    remedies: [change('Create it before the application, or correct the name')],
  },
  claim: {
    id: 'SPN-PREFLIGHT-CLAIM',
    cause: 'volume',
    severity: 'warning',
    confidence: 'medium',
    title: 'A PersistentVolumeClaim may block the pods',
    detail: 'PersistentVolumeClaim {name} {problem}',
    meaning:
      'A ReadWriteOnce claim can be mounted on one node only. A claim that is Lost or Pending may never be bound.',
    remedies: [inspect('Show the claim', 'kubectl -n {namespace} describe persistentvolumeclaim {name}')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
