import { configErrorReason } from '../../core/contract/waiting-reasons.ts'
import { change, inspect } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import { inMessages, item, observed, type Rule } from './rule.ts'

/** Mistakes in the pod's own specification. Sources of the messages: kubelet_pods.go (makeEnvironmentVariables), active_deadline.go (1.36); KubernetesUtils of Spark. */
export const podConfigRules: readonly Rule[] = [
  {
    id: 'SPN-CONFIG-REFERENCE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The environment refers to a Secret or ConfigMap that does not exist',
    detail: 'The environment refers to {kind} {name}, which does not exist',
    meaning:
      'The kubelet cannot create the container until every Secret, ConfigMap and key that its environment refers to exists.',
    matchers: [
      observed(
        'a container waits with CreateContainerConfigError, whose message names a Secret, a ConfigMap or a key',
        ({ pod }) => {
          for (const { name, state } of pod === undefined ? [] : [pod.driver, ...pod.others]) {
            if (state.kind !== 'waiting' || state.reason !== configErrorReason) continue
            const message = state.message ?? ''
            const details = parseMissingReference(message)
            if (details === undefined) continue
            return { evidence: [item('pod', `${name}: ${state.reason}: ${message}`)], details }
          }
          return undefined
        },
      ),
    ],
    remedies: [
      inspect('List the Secrets and ConfigMaps', 'kubectl -n {namespace} get secrets,configmaps'),
      change(
        'Create {name}, or correct its name in the driver’s environment (spark.kubernetes.driver.secretKeyRef.*, envFrom)',
      ),
    ],
  },
  {
    id: 'SPN-CONFIG-DEADLINE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The pod ran longer than its activeDeadlineSeconds',
    meaning: 'Kubernetes stopped the pod because its pod template limits how long it may run.',
    matchers: [
      observed('the pod failed with reason DeadlineExceeded', ({ pod }) =>
        pod?.reason === 'DeadlineExceeded'
          ? { evidence: [item('pod', `${pod.reason}: ${pod.message ?? ''}`)] }
          : undefined,
      ),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      change('Raise activeDeadlineSeconds (not timeToLiveSeconds of the SparkApplication), or make the job faster'),
    ],
  },
  {
    id: 'SPN-CONFIG-POD-TEMPLATE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The pod template is unreadable',
    meaning: 'Spark could not read the pod template: the file does not exist, or does not contain a pod.',
    matchers: [
      inLog('Could not load pod from template file'),
      inLog('^org.apache.spark.SparkException: Could not load pod from template file'),
      inMessages('Could not load pod from template file'),
    ],
    explains: ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION'],
    remedies: [
      change(
        'Correct the file in spark.kubernetes.driver.podTemplateFile or spark.kubernetes.executor.podTemplateFile; the message names the mistake',
      ),
    ],
  },
]

/** The Secret or ConfigMap that the kubelet's message names as missing, or in which a key is missing. */
function parseMissingReference(message: string): { readonly kind: string; readonly name: string } | undefined {
  const object = /^(secret|configmap) "([^"]{1,253})" not found/.exec(message)
  const key = /^couldn't find key \S{1,253} in (ConfigMap|Secret) (\S{1,253})/.exec(message)
  const [, kind, name] = object ?? key ?? []
  return kind === undefined || name === undefined ? undefined : { kind, name }
}
