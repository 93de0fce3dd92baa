import { change, inspect } from '../../../findings/remedies.ts'
import type { StaticRule } from '../../../static-checks/run.ts'

/** Findings about how the API server and the scheduler handle the pods. */
export const admissionChecks = {
  access: {
    id: 'SPN-PREFLIGHT-ACCESS',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s service account lacks permissions that Spark needs',
    detail: 'service account {account} may not {what}',
    meaning:
      'The driver creates, watches and deletes its executors’ pods and ConfigMap. Without permission it ends with “External scheduler cannot be instantiated”. Checked with SubjectAccessReviews.',
    remedies: [
      change(
        'Grant the permissions',
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
    meaning: 'The API server rejects pods outside the bounds of the namespace’s LimitRanges.',
    remedies: [inspect('Show the LimitRanges', 'kubectl -n {namespace} get limitranges -o yaml')],
  },
  quota: {
    id: 'SPN-PREFLIGHT-QUOTA',
    cause: 'quota',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace’s quota is too small for the application',
    detail: 'quota {quota}: {resource}: {problem}',
    meaning:
      'The API server rejects pods that exceed the quota. The driver, its executors and spark-nanny’s sidecar count towards the quota.',
    remedies: [
      change('Request less memory, fewer cores or fewer executors, or raise the quota'),
      inspect('Show the usage', 'kubectl -n {namespace} describe resourcequota {quota}'),
    ],
  },
  node: {
    id: 'SPN-PREFLIGHT-NODE',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node is large enough for a pod',
    detail: 'no node can take the {role}: it requests {asked}; {best}',
    meaning:
      'A pod that fits on no node stays Pending. The check considers allocatable resources, labels and taints, but not the pods that already run.',
    remedies: [
      change('Request less, or add a larger node'),
      inspect('Show the allocatable resources', 'kubectl describe nodes | grep -A8 Allocatable'),
    ],
  },
  podSecurity: {
    id: 'SPN-PREFLIGHT-POD-SECURITY',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The PodSecurity level of the namespace does not allow the pod',
    detail: '{role}: {message}',
    meaning: 'Spark’s pods do not set a security context by default. Checked with a server-side dry run.',
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
    meaning:
      'A policy of the cluster or the API server’s validation denies the pod. Checked with a server-side dry run.',
    remedies: [change('Correct what the message names')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
