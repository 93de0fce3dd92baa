import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

/** Findings about settings that determine the driver’s pod. */
export const kubernetesChecks = {
  cores: {
    id: 'SPN-VALIDATE-CORES',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The CPU amount of a pod is invalid',
    detail: '{key} {problem}',
    meaning:
      'The API server rejects the pod. An amount has a form such as 2, 0.5 or 500m, is greater than zero, and is at most its limit.',
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
      'An operator sets the master and deploy mode on spark-submit’s command line, which takes precedence. A driver in client mode runs where spark-submit runs, and spark-nanny only protects driver pods.',
    remedies: [change('Remove it, and use --master k8s://… --deploy-mode cluster')],
  },
  driverAddress: {
    id: 'SPN-VALIDATE-DRIVER-ADDRESS',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s address is set manually',
    detail: '{key} is set, which Spark rejects in cluster mode on Kubernetes',
    meaning:
      'In cluster mode, executors find the driver through its Service, so Spark rejects the submission (DriverServiceFeatureStep).',
    remedies: [change('Remove {key}')],
  },
  podName: {
    id: 'SPN-VALIDATE-POD-NAME',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A name is invalid in Kubernetes',
    detail: '{key} is {value}; it must be {form}',
    meaning:
      'Pod names consist of lower-case letters, digits, - and ., and have a maximum length. Spark appends a number to the names of executors.',
    remedies: [change('Choose another name')],
  },
  volume: {
    id: 'SPN-VALIDATE-VOLUME',
    cause: 'volume',
    severity: 'error',
    confidence: 'high',
    title: 'A volume or Secret in the configuration is malformed',
    detail: '{key} {problem}',
    meaning: 'Spark rejects the submission (KubernetesVolumeUtils, EnvSecretsFeatureStep).',
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
    title: 'The driver uses the default service account',
    detail:
      'spark.kubernetes.authenticate.driver.serviceAccountName is not set, so the driver uses the service account “default”',
    meaning:
      'A driver creates, watches and deletes the pods of its executors. The default service account usually lacks these permissions.',
    remedies: [
      change(
        'Use a service account that may edit pods, services and configmaps',
        'kubectl -n {namespace} create serviceaccount spark',
        'kubectl -n {namespace} create rolebinding spark --clusterrole=edit --serviceaccount={namespace}:spark',
      ),
    ],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
