import type { Precheck } from '../precheck/precheck.ts'
import { change, inspect } from '../remedies.ts'

/** What can keep a submission from running, in the order in which the submission would meet it. */
export const preflightChecks = {
  shape: {
    id: 'SPN-PREFLIGHT-SHAPE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The SparkApplication lacks a field, or has one that is not its operator’s',
    detail: '{path} {problem}',
    meaning: 'The API server rejects what the definition of the kind forbids; the rest fails at submission.',
    remedies: [change('Correct the field')],
  },
  rejected: {
    id: 'SPN-PREFLIGHT-REJECTED',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The API server rejects the SparkApplication',
    detail: 'the API server rejects the SparkApplication: {message}',
    meaning: 'Asked by a server-side dry run with strict validation of fields; nothing was stored.',
    remedies: [change('Correct what it names')],
  },
  operator: {
    id: 'SPN-PREFLIGHT-OPERATOR',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The cluster does not know this kind of SparkApplication',
    detail: 'the cluster does not know SparkApplication of {api}',
    meaning: 'Its operator is not installed there, or in another version.',
    remedies: [
      change('Install the operator, or choose another cluster', 'kubectl api-resources | grep -i sparkapplication'),
    ],
  },
  mainFile: {
    id: 'SPN-PREFLIGHT-MAIN-FILE',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'The application’s file or class is not one that a driver in the cluster can run',
    detail: '{path} {problem}',
    meaning:
      'In cluster mode the file must be in the image (local://), at an address that the driver reaches, or be uploaded first; a class is only read from jars that spark-submit can open (SparkSubmitArguments).',
    remedies: [
      change('Correct it: https://spark.apache.org/docs/latest/running-on-kubernetes.html#dependency-management'),
    ],
  },
  image: {
    id: 'SPN-PREFLIGHT-IMAGE',
    cause: 'image',
    severity: 'warning',
    confidence: 'high',
    title: 'An image is not pinned, absent or of another version',
    detail: 'image of the {role}: {problem}',
    meaning:
      'A tag that moves may give the second run, or an executor, other code than the first. With pull policy Never the image must lie on the node.',
    remedies: [change('Give a tag that does not move, or a digest')],
  },
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
  access: {
    id: 'SPN-PREFLIGHT-ACCESS',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s service account may not do what Spark needs',
    detail: 'service account {account} may not {what}',
    meaning:
      'The driver makes its executors’ pods and ConfigMap, watches them and removes them; without that it ends with “External scheduler cannot be instantiated”. Asked by SubjectAccessReview.',
    remedies: [
      change(
        'Let it',
        'kubectl -n {namespace} create rolebinding {account}-spark --clusterrole=edit --serviceaccount={namespace}:{account}',
      ),
    ],
  },
  limitRange: {
    id: 'SPN-PREFLIGHT-LIMIT-RANGE',
    cause: 'quota',
    severity: 'error',
    confidence: 'high',
    title: 'A LimitRange of the namespace does not allow the pod',
    detail: '{role}: {resource} {problem}',
    meaning: 'The API server rejects pods outside of the bounds of the namespace’s LimitRanges.',
    remedies: [inspect('See the bounds', 'kubectl -n {namespace} get limitranges -o yaml')],
  },
  quota: {
    id: 'SPN-PREFLIGHT-QUOTA',
    cause: 'quota',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace’s quota has no room for the application',
    detail: 'quota {quota}: {resource}: {problem}',
    meaning:
      'A pod beyond the quota is rejected: the driver at submission, an executor again and again while the driver waits for it. Counted: driver, executors, and spark-nanny’s sidecar.',
    remedies: [
      change('Ask for less: memory, cores, executors; or for a larger quota'),
      inspect('See what uses it', 'kubectl -n {namespace} describe resourcequota {quota}'),
    ],
  },
  node: {
    id: 'SPN-PREFLIGHT-NODE',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node is large enough for a pod',
    detail: 'no node can take the {role}: it asks for {asked}; {best}',
    meaning:
      'A pod that fits on no node stays Pending. Compared with what nodes can allocate, empty; their labels and taints are looked at, what runs on them is not.',
    remedies: [
      change('Ask for less, or for a larger node'),
      inspect('See what nodes can allocate', 'kubectl describe nodes | grep -A8 Allocatable'),
    ],
  },
  podSecurity: {
    id: 'SPN-PREFLIGHT-POD-SECURITY',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The PodSecurity level of the namespace does not allow the pod',
    detail: '{role}: {message}',
    meaning: 'Spark’s pods state no security context of their own. Asked by a server-side dry run.',
    remedies: [
      change(
        'Give the pods a security context: spec.driver.securityContext and spec.executor.securityContext, or a pod template',
      ),
    ],
  },
  denied: {
    id: 'SPN-PREFLIGHT-DENIED',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'Admission denies the pod',
    detail: '{role}: {message}',
    meaning: 'A policy of the cluster or the API server’s own validation denies it. Asked by a server-side dry run.',
    remedies: [change('Correct what it names')],
  },
} as const satisfies Readonly<Record<string, Precheck>>

export type PreflightCheck = keyof typeof preflightChecks
