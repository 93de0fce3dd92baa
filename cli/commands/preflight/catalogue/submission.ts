import { change } from '../../../findings/remedies.ts'
import type { StaticRule } from '../../../static-checks/run.ts'

/** Findings about the file. */
export const submissionChecks = {
  shape: {
    id: 'SPN-PREFLIGHT-SHAPE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The SparkApplication has an unsuitable field',
    detail: '{path} {problem}',
    meaning: 'The name and the mode decide which pods and Services can be created. The CRD does not restrict them.',
    remedies: [change('Correct the field')],
  },
  operatorRule: {
    id: 'SPN-PREFLIGHT-OPERATOR-RULE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The operator rejects the SparkApplication',
    detail: '{path} {problem}',
    meaning:
      'The webhook and the submission of kubeflow’s operator require more than its CRD. A rejected submission appears as the error message of the application.',
    remedies: [change('Correct the field')],
  },
  pod: {
    id: 'SPN-PREFLIGHT-POD',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The API server rejects a pod of the application',
    detail: 'pod of the {role}: {field} {value} {problem}',
    meaning:
      'Spark and the operator create the pods from the file. The API server rejects an invalid pod, and the submission or the executors fail.',
    remedies: [change('Correct the field from which the pod is created')],
  },
  rejected: {
    id: 'SPN-PREFLIGHT-REJECTED',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The API server rejects the SparkApplication',
    detail: 'the API server rejects the SparkApplication: {message}',
    meaning: 'Checked with a server-side dry run and strict field validation. Nothing was stored.',
    remedies: [change('Correct what the message names')],
  },
  operator: {
    id: 'SPN-PREFLIGHT-OPERATOR',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The cluster does not know this kind of SparkApplication',
    detail: 'the cluster does not know SparkApplication of {api}',
    meaning: 'The operator is not installed in the cluster, or has another version.',
    remedies: [
      change('Install the operator, or choose another cluster', 'kubectl api-resources | grep -i sparkapplication'),
    ],
  },
  mainFile: {
    id: 'SPN-PREFLIGHT-MAIN-FILE',
    cause: 'classpath',
    severity: 'error',
    confidence: 'high',
    title: 'The driver cannot run the application’s file or class',
    detail: '{path} {problem}',
    meaning:
      'In cluster mode, the file must be in the image (local://), at an address that the driver reaches, or uploaded first. spark-submit only reads a class from jars that it can open (SparkSubmitArguments).',
    remedies: [
      change('Correct it: https://spark.apache.org/docs/latest/running-on-kubernetes.html#dependency-management'),
    ],
  },
  image: {
    id: 'SPN-PREFLIGHT-IMAGE',
    cause: 'image',
    severity: 'warning',
    confidence: 'high',
    title: 'An image is not pinned, or is missing',
    detail: 'image of the {role}: {problem}',
    meaning:
      'A tag that moves may give a later run or an executor different code. With pull policy Never, the image must be present on the node.',
    remedies: [change('Use a fixed tag or a digest')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
