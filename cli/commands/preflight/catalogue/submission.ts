import { change } from '../../../findings/remedies.ts'
import type { StaticRule } from '../../../static-checks/run.ts'

/** What the file itself says. */
export const submissionChecks = {
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
} as const satisfies Readonly<Record<string, StaticRule>>
