import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

/** Findings about settings with which the driver or its executors do not start. */
export const startUpChecks = {
  resource: {
    id: 'SPN-VALIDATE-RESOURCE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A custom resource such as a GPU is incompletely configured',
    detail: '{key} {problem}',
    meaning:
      'Kubernetes names a resource by its vendor, such as nvidia.com/gpu, so that Spark needs the vendor (KubernetesUtils.buildResourcesQuantities). An executor finds its addresses with the discovery script (ResourceUtils).',
    remedies: [change('Set {missing}')],
  },
  shuffleService: {
    id: 'SPN-VALIDATE-SHUFFLE-SERVICE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'An external shuffle service is enabled',
    detail: 'spark.shuffle.service.enabled is true, but Spark has no external shuffle service on Kubernetes',
    meaning:
      'Each executor tries to register with a service on its own host and exits with “Unable to register with external shuffle server”.',
    remedies: [
      change('Remove it; for dynamic allocation, use spark.dynamicAllocation.shuffleTracking.enabled=true instead'),
    ],
  },
  eventLog: {
    id: 'SPN-VALIDATE-EVENT-LOG',
    cause: 'volume',
    severity: 'warning',
    confidence: 'medium',
    title: 'The event log has no folder of its own',
    detail: 'spark.eventLog.enabled is true, but {problem}',
    meaning:
      'The driver exits with FileNotFoundException if the folder does not exist (EventLoggingListener). Few images contain the default folder, and its content is lost with the pod.',
    remedies: [change('Set spark.eventLog.dir to a folder in a volume or an object store')],
  },
  ivyHome: {
    id: 'SPN-VALIDATE-IVY-HOME',
    cause: 'volume',
    severity: 'warning',
    confidence: 'medium',
    title: 'Packages are resolved in a home folder that is often read-only',
    detail: 'spark.jars.packages is set, but spark.jars.ivy is not: Ivy writes to the home folder of {who}',
    meaning:
      'Where the home folder is missing or read-only, the submission or the driver ends with FileNotFoundException for …/.ivy2/cache/resolved-….xml.',
    remedies: [change('Set spark.jars.ivy=/tmp/.ivy, or put the packages into the image')],
  },
  afterMainFile: {
    id: 'SPN-VALIDATE-AFTER-MAIN-FILE',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'An option of spark-submit is an argument of the application',
    detail: '{option} is passed to the application; spark-submit does not read it',
    meaning: 'spark-submit passes everything after the main file to the application (SparkSubmitOptionParser).',
    remedies: [change('Move it in front of the main file, or into sparkConf')],
  },
  submitOption: {
    id: 'SPN-VALIDATE-SUBMIT-OPTION',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'spark-submit does not have the option',
    detail: '{option} is not an option of spark-submit{nearest}',
    meaning: 'spark-submit exits with “Unrecognized option” (SparkSubmitArguments.handleUnknown).',
    remedies: [change('Correct or remove {option}')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
