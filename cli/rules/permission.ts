import { change, inspect } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import { inMessages, item, observed, type Rule } from './rule.ts'
import { registration } from './scheduling.ts'

const ends = ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION', 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'] as const

/**
 * What the driver may not do. Sentences: apiserver's responsewriters (ForbiddenMessage), its serviceaccount admission,
 * pod-security-admission, kuberuntime/security_context.go (1.36); fabric8's OperationSupport; hadoop-aws and hadoop-hdfs.
 */
export const permissionRules: readonly Rule[] = [
  {
    id: 'SPN-PERMISSION-FORBIDDEN',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s service account may not do what Spark needs',
    detail: '{user} may not {verb} {resource}',
    meaning:
      'A driver makes, watches and deletes its executors’ pods, Services, ConfigMaps and claims by itself, with the rights of ' +
      'its service account (spark.kubernetes.authenticate.driver.serviceAccountName; `default` when it is not set).',
    matchers: [
      inLog('is forbidden: User "{user}" cannot {verb} resource "{resource}"', [
        'uncaught',
        'thread',
        'error',
        'printed',
        'warning',
      ]),
      inMessages('is forbidden: User "{user}" cannot {verb} resource "{resource}"', ['application']),
    ],
    resolvedBy: registration,
    statesWhileRunning: ['uncaught', 'error', 'warning'],
    explains: [...ends, 'SPN-SCHEDULING-EXECUTORS'],
    remedies: [
      change(
        'Give the service account the rights, or name another one',
        'kubectl -n {namespace} create role spark-driver --verb=get,list,watch,create,update,patch,delete,deletecollection --resource=pods,services,configmaps,persistentvolumeclaims',
        'kubectl -n {namespace} create rolebinding spark-driver --role=spark-driver --serviceaccount={namespace}:{serviceAccount}',
      ),
      inspect(
        'See what it may do',
        'kubectl -n {namespace} auth can-i --list --as=system:serviceaccount:{namespace}:{serviceAccount}',
      ),
    ],
  },
  {
    id: 'SPN-PERMISSION-TOKEN',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The API server does not accept the driver’s token',
    meaning:
      'The token has expired or its service account was deleted and made again. Old Kubernetes clients read a token once and never again.',
    matchers: [
      inLog('Failure executing: {method} at: {url} Message: Unauthorized', [
        'uncaught',
        'thread',
        'error',
        'printed',
        'warning',
      ]),
      inLog('Message: Unauthorized! Token may have expired', ['uncaught', 'thread', 'error', 'printed', 'warning']),
    ],
    resolvedBy: registration,
    statesWhileRunning: ['uncaught', 'error', 'warning'],
    explains: ends,
    remedies: [
      inspect('See the service account', 'kubectl -n {namespace} get serviceaccount {serviceAccount}'),
      change(
        'Leave spark.kubernetes.authenticate.driver.oauthToken unset, so that the mounted token is used and renewed',
      ),
    ],
  },
  {
    id: 'SPN-PERMISSION-SERVICE-ACCOUNT',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The service account does not exist',
    detail: 'The service account {account} does not exist',
    meaning: 'No pod can be created for a service account that is not there.',
    matchers: [
      inLog('error looking up service account {account}: ', ['uncaught', 'thread', 'error', 'printed', 'warning']),
      inMessages('error looking up service account {account}: '),
    ],
    resolvedBy: registration,
    statesWhileRunning: ['error', 'warning'],
    explains: ends,
    remedies: [
      inspect('See what is there', 'kubectl -n {namespace} get serviceaccounts'),
      change(
        'Create it, or correct spark.kubernetes.authenticate.driver.serviceAccountName (spec.driver.serviceAccount)',
      ),
    ],
  },
  {
    id: 'SPN-PERMISSION-POD-SECURITY',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace does not admit such pods',
    detail: 'The namespace admits only pods of level {level}',
    meaning: 'PodSecurity refuses the pod; the message names each field that would have to be otherwise.',
    matchers: [
      inLog('violates PodSecurity "{level}": {why}', ['uncaught', 'thread', 'error', 'printed', 'warning']),
      inMessages('violates PodSecurity "{level}": {why}'),
    ],
    resolvedBy: registration,
    statesWhileRunning: ['error', 'warning'],
    explains: ends,
    remedies: [
      change(
        'Set the fields in the pod template: runAsNonRoot, allowPrivilegeEscalation: false, capabilities.drop: [ALL], seccompProfile',
      ),
      inspect('See the level', 'kubectl get namespace {namespace} --show-labels'),
    ],
  },
  {
    id: 'SPN-PERMISSION-RUN-AS-ROOT',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The image would run as root, and the pod forbids it',
    meaning: 'runAsNonRoot is set and the image’s user is root, or a name that the kubelet cannot tell from root.',
    matchers: [
      inMessages('container has runAsNonRoot and image will run as root', ['waiting', 'event']),
      inMessages('container has runAsNonRoot and image has non-numeric user', ['waiting', 'event']),
    ],
    explains: ['SPN-IMAGE-COMMAND'],
    remedies: [change('Set runAsUser (185 in Spark’s images) in the pod template, or USER 185 in the image')],
  },
  {
    id: 'SPN-PERMISSION-STORAGE',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The storage refuses the driver’s credentials',
    detail: 'The storage refuses the driver’s credentials: {why}',
    meaning:
      'The bucket, container or directory exists, and this identity may not read or write it, or has no credentials at all.',
    matchers: [
      inLog('^java.nio.file.AccessDeniedException: {why}'),
      inLog('^org.apache.hadoop.security.AccessControlException: {why}'),
      inLog('com.amazonaws.services.s3.model.AmazonS3Exception: {why}(Service: Amazon S3; Status Code: 403'),
      inLog('software.amazon.awssdk.services.s3.model.S3Exception: {why}(Service: S3, Status Code: 403'),
      inLog('No AWS Credentials provided by {why}'),
      inLog('does not have storage.{why} access to the Google Cloud Storage'),
    ],
    explains: [...ends, 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change(
        'Give the identity the right, or the driver the identity: annotations of its service account, or a Secret by spark.kubernetes.driver.secretKeyRef.*',
      ),
      inspect('See the service account', 'kubectl -n {namespace} get serviceaccount {serviceAccount} -o yaml'),
    ],
  },
  {
    id: 'SPN-PERMISSION-FILE',
    cause: 'permission',
    severity: 'error',
    confidence: 'medium',
    title: 'The driver may not write or read a local file',
    detail: 'The driver may not open {file}',
    meaning:
      'The container’s user (185 in Spark’s images) has no right to the path: a volume that belongs to root, or a read-only file system.',
    matchers: [
      inLog('^java.io.FileNotFoundException: {file} (Permission denied)'),
      inLog('^java.io.FileNotFoundException: {file} (Read-only file system)'),
      inLog("^PermissionError: [Errno 13] Permission denied: '{file}'"),
      observed('exit code 126, by which a shell tells that it may not run a file', ({ exit }) =>
        exit?.exitCode === 126 ? { evidence: [item('pod', 'driver container: exit code 126')] } : undefined,
      ),
    ],
    explains: [...ends, 'SPN-CLASSPATH-FILE'],
    remedies: [change('Set fsGroup (185) in the pod template’s securityContext, or make the path writable')],
  },
]
