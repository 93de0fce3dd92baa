/**
 * Every outcome of an admission, as a stable code and a sentence. The code is in the log line, the metric and the audit
 * annotation. If `warn` is true, the sentence is also returned to the client as a warning.
 */
export const admissionReasons = {
  injected: { warn: false, sentence: 'the sidecar was injected' },
  'service-patched': {
    warn: false,
    sentence: 'the driver’s Service was patched to publish addresses of pods that are not ready',
  },
  executor: { warn: false, sentence: 'an executor needs no sidecar, because its driver replaces it' },
  'not-a-driver': { warn: false, sentence: 'the pod is not a Spark driver (no label spark-role=driver)' },
  'not-a-driver-service': {
    warn: false,
    sentence: 'the Service is not the one that Spark creates for its driver (headless, named *-driver-svc)',
  },
  'already-injected': { warn: false, sentence: 'the pod already has the sidecar' },
  'service-already-patched': {
    warn: false,
    sentence: 'the Service already publishes addresses of pods that are not ready',
  },
  'opted-out': { warn: false, sentence: 'spark-nanny.io/inject is false' },
  deleting: { warn: false, sentence: 'the object is being deleted' },
  'unsupported-kind': { warn: false, sentence: 'only Pods and Services are supported' },
  'unsupported-operation': { warn: false, sentence: 'only the operation CREATE is supported' },
  'unsupported-subresource': { warn: false, sentence: 'subresources are not supported' },
  'malformed-object': { warn: false, sentence: 'the object is missing or malformed' },
  'too-complex': {
    warn: true,
    sentence: 'the object has too many fields, or they are nested too deeply; if it is a driver, it is unprotected',
  },
  'driver-container-not-found': { warn: true, sentence: 'the driver container could not be identified' },
  'windows-pod': { warn: false, sentence: 'the pod runs on Windows' },
  'native-sidecars-unsupported': {
    warn: true,
    sentence:
      'the cluster is not known to support native sidecars (Kubernetes 1.29 or newer); the driver is unprotected',
  },
  'sidecar-image-failing': {
    warn: true,
    sentence: 'the image of the sidecar could not be started for several drivers; the driver is unprotected',
  },
  'job-counts-restarts': {
    warn: true,
    sentence:
      'a Job with restartPolicy OnFailure owns the pod: a restart of the sidecar would count against its backoffLimit; the driver is unprotected',
  },
  'owned-by-apache-operator': {
    warn: true,
    sentence:
      'Apache’s operator owns the driver and would take a sidecar that fails for a failed driver, so there is none: the controller judges the driver by its Spark UI, and by default only reports a hang',
  },
  'name-conflict': {
    warn: true,
    sentence: 'the pod uses a name or path that the sidecar needs; the driver is unprotected',
  },
  'quota-exceeded': {
    warn: true,
    sentence: 'the namespace’s ResourceQuota has room for the pod but not for the sidecar; the driver is unprotected',
  },
  'limits-exceeded': {
    warn: true,
    sentence:
      'the pod’s resources or the namespace’s LimitRange leave no room for the sidecar; the driver is unprotected',
  },
  'patch-unverified': {
    warn: true,
    sentence: 'the patch could not be applied to the pod and was not sent; the driver is unprotected',
  },
  'internal-error': {
    warn: true,
    sentence: 'spark-nanny failed because of a bug; the object was admitted without changes',
  },
} as const satisfies Record<string, { readonly warn: boolean; readonly sentence: string }>

export type ReasonCode = keyof typeof admissionReasons
export type SkipReason = Exclude<ReasonCode, 'injected' | 'service-patched'>
