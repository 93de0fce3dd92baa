/**
 * Every outcome of an admission, as a stable code and a sentence. The code stands in the log line, the metric and the
 * audit annotation; `warn` sends the sentence back to whoever created the object too.
 */
export const admissionReasons = {
  injected: { warn: false, sentence: 'the sidecar was injected' },
  'service-patched': { warn: false, sentence: 'the driver’s Service publishes addresses that are not ready' },
  executor: { warn: false, sentence: 'an executor needs no sidecar: its driver replaces it' },
  'not-a-driver': { warn: false, sentence: 'the pod is not a Spark driver (no label spark-role=driver)' },
  'not-a-driver-service': { warn: false, sentence: 'the Service is not the headless Service of a Spark driver' },
  'already-injected': { warn: false, sentence: 'the pod has the sidecar already' },
  'service-already-patched': { warn: false, sentence: 'the Service publishes addresses that are not ready already' },
  'opted-out': { warn: false, sentence: 'spark-nanny.io/inject is false' },
  deleting: { warn: false, sentence: 'the object is being deleted' },
  'unsupported-kind': { warn: false, sentence: 'only pods and Services are looked at' },
  'unsupported-operation': { warn: false, sentence: 'only CREATE is looked at' },
  'unsupported-subresource': { warn: false, sentence: 'subresources are left alone' },
  'malformed-object': { warn: false, sentence: 'the object of the request is absent or has not the form of its kind' },
  'driver-container-not-found': { warn: true, sentence: 'it is not clear which container runs the driver' },
  'windows-pod': { warn: false, sentence: 'the pod runs on Windows' },
  'native-sidecars-unsupported': {
    warn: true,
    sentence:
      'the cluster is not known to support native sidecars (Kubernetes 1.29 or newer); the driver is not watched',
  },
  'sidecar-image-failing': {
    warn: true,
    sentence: 'the image of the sidecar could not be started for several drivers; the driver is not watched',
  },
  'name-conflict': {
    warn: true,
    sentence: 'the pod uses a name or path that the sidecar needs; the driver is not watched',
  },
  'quota-exceeded': {
    warn: true,
    sentence: 'the namespace’s ResourceQuota has room for the pod but not for the sidecar; the driver is not watched',
  },
  'limits-exceeded': {
    warn: true,
    sentence:
      'the pod’s own resources or the namespace’s LimitRange leave the sidecar no room; the driver is not watched',
  },
  'patch-unverified': {
    warn: true,
    sentence: 'the patch did not reproduce what was intended and was not sent; the driver is not watched',
  },
  'internal-error': { warn: true, sentence: 'spark-nanny failed; the object was let through as it is' },
} as const satisfies Record<string, { readonly warn: boolean; readonly sentence: string }>

export type ReasonCode = keyof typeof admissionReasons
export type SkipReason = Exclude<ReasonCode, 'injected' | 'service-patched'>
