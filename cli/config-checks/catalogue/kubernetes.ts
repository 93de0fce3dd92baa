import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

/** What settings make of the driver’s pod. */
export const kubernetesChecks = {
  cores: {
    id: 'SPN-VALIDATE-CORES',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The CPU of a pod is not what Kubernetes takes',
    detail: '{key} {problem}',
    meaning:
      'The API server rejects the pod: an amount is like 2, 0.5 or 500m, above zero, and no more than its limit.',
    remedies: [change('Correct the amount')],
  },
  master: {
    id: 'SPN-VALIDATE-MASTER',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'The configuration sets the master or deploy mode',
    detail: '{key}={value} {problem}',
    meaning:
      'An operator names master and deploy mode on spark-submit’s command line, which holds. A driver in client mode runs where spark-submit runs; spark-nanny watches driver pods.',
    remedies: [change('Leave it out and give --master k8s://… --deploy-mode cluster')],
  },
  driverAddress: {
    id: 'SPN-VALIDATE-DRIVER-ADDRESS',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s address is set by hand',
    detail: '{key} is set; Spark does not take it on Kubernetes',
    meaning:
      'In cluster mode the driver is found through its Service, and the submission is refused (DriverServiceFeatureStep).',
    remedies: [change('Leave {key} out')],
  },
  podName: {
    id: 'SPN-VALIDATE-POD-NAME',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A name is none that Kubernetes takes',
    detail: '{key} is {value}; it must be {form}',
    meaning:
      'Names of pods are of lower-case letters, digits, - and ., and bounded; executors’ names have a number added.',
    remedies: [change('Choose another name')],
  },
  volume: {
    id: 'SPN-VALIDATE-VOLUME',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A volume or Secret in the configuration has not the form that Spark asks for',
    detail: '{key} {problem}',
    meaning: 'The submission is refused (KubernetesVolumeUtils, EnvSecretsFeatureStep).',
    remedies: [
      change(
        'Correct the key: https://spark.apache.org/docs/latest/running-on-kubernetes.html#using-kubernetes-volumes',
      ),
    ],
  },
  serviceAccount: {
    id: 'SPN-VALIDATE-SERVICE-ACCOUNT',
    cause: 'permission',
    severity: 'warning',
    confidence: 'medium',
    title: 'The driver has no service account of its own',
    detail: 'spark.kubernetes.authenticate.driver.serviceAccountName is not set: the driver runs as “default”',
    meaning:
      'A driver creates, watches and deletes its executors’ pods; the default account of a namespace may seldom do so.',
    remedies: [
      change(
        'Give the driver an account that may edit pods, services and configmaps',
        'kubectl -n {namespace} create serviceaccount spark',
        'kubectl -n {namespace} create rolebinding spark --clusterrole=edit --serviceaccount={namespace}:spark',
      ),
    ],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
