import { change, inspect } from '../../../findings/remedies.ts'
import type { StaticRule } from '../../../static-checks/run.ts'

/** What the API server and the scheduler have to say to the pods. */
export const admissionChecks = {
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
} as const satisfies Readonly<Record<string, StaticRule>>
