import { change } from '../../../findings/remedies.ts'
import type { StaticRule } from '../../../static-checks/run.ts'

/** Findings about the file. */
export const submissionChecks = {
  shape: {
    id: 'SPN-PREFLIGHT-SHAPE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The SparkApplication has a missing or invalid field',
    detail: '{path} {problem}',
    meaning: 'The API server rejects fields that the CRD forbids. Other errors fail at submission.',
    remedies: [change('Correct the field')],
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
    title: 'An image is not pinned, is missing, or has another Spark version',
    detail: 'image of the {role}: {problem}',
    meaning:
      'A tag that moves may give a later run or an executor different code. With pull policy Never, the image must be present on the node.',
    remedies: [change('Use a fixed tag or a digest')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
