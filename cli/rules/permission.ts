import { change, inspect } from '../findings/remedies.ts'
import { inLog, inOutput } from '../log/matcher.ts'
import { inMessages, item, observed, type Rule } from './rule.ts'
import { registration } from './scheduling.ts'

const ends = ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION', 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'] as const

/**
 * Actions that the driver is not allowed to perform. Sources of the messages: apiserver's responsewriters (ForbiddenMessage), its serviceaccount admission,
 * pod-security-admission, kuberuntime/security_context.go (1.36); fabric8's OperationSupport; hadoop-aws and hadoop-hdfs.
 */
export const permissionRules: readonly Rule[] = [
  {
    id: 'SPN-PERMISSION-FORBIDDEN',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s service account lacks permissions that Spark needs',
    detail: '{user} is not allowed to {verb} {resource}',
    meaning:
      'The driver itself creates, watches and deletes its executors’ pods, Services, ConfigMaps and PersistentVolumeClaims. It needs these permissions for its service account (spark.kubernetes.authenticate.driver.serviceAccountName, `default` if not set).',
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
        'Grant the service account the permissions, or use another service account',
        'kubectl -n {namespace} create role spark-driver --verb=get,list,watch,create,update,patch,delete,deletecollection --resource=pods,services,configmaps,persistentvolumeclaims',
        'kubectl -n {namespace} create rolebinding spark-driver --role=spark-driver --serviceaccount={namespace}:{serviceAccount}',
      ),
      inspect(
        'List the service account’s permissions',
        'kubectl -n {namespace} auth can-i --list --as=system:serviceaccount:{namespace}:{serviceAccount}',
      ),
    ],
  },
  {
    id: 'SPN-PERMISSION-TOKEN',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The API server rejects the driver’s token',
    meaning:
      'The token has expired, or its service account was deleted and recreated. Old Kubernetes clients read the token only once.',
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
      inspect('Check the service account', 'kubectl -n {namespace} get serviceaccount {serviceAccount}'),
      change(
        'Do not set spark.kubernetes.authenticate.driver.oauthToken, so that the driver uses the mounted token, which is renewed',
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
    meaning: 'Kubernetes rejects pods whose service account does not exist.',
    matchers: [
      inLog('error looking up service account {account}: ', ['uncaught', 'thread', 'error', 'printed', 'warning']),
      inMessages('error looking up service account {account}: '),
    ],
    resolvedBy: registration,
    statesWhileRunning: ['error', 'warning'],
    explains: ends,
    remedies: [
      inspect('List the service accounts', 'kubectl -n {namespace} get serviceaccounts'),
      change(
        'Create the service account, or correct spark.kubernetes.authenticate.driver.serviceAccountName (spec.driver.serviceAccount)',
      ),
    ],
  },
  {
    id: 'SPN-PERMISSION-POD-SECURITY',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace’s pod security level rejects the pod',
    detail: 'The namespace only allows pods of security level {level}',
    meaning: 'PodSecurity admission rejected the pod. The message lists each field that violates the level.',
    matchers: [
      inLog('violates PodSecurity "{level}": {why}', ['uncaught', 'thread', 'error', 'printed', 'warning']),
      inMessages('violates PodSecurity "{level}": {why}'),
    ],
    resolvedBy: registration,
    statesWhileRunning: ['error', 'warning'],
    explains: ends,
    remedies: [
      change(
        'Set these fields in the pod template: runAsNonRoot, allowPrivilegeEscalation: false, capabilities.drop: [ALL], seccompProfile',
      ),
      inspect('Check the namespace’s security level', 'kubectl get namespace {namespace} --show-labels'),
    ],
  },
  {
    id: 'SPN-PERMISSION-RUN-AS-ROOT',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'The image would run as root, but the pod forbids it',
    meaning:
      'runAsNonRoot is set, but the image’s user is root, or a user name that the kubelet cannot verify as non-root.',
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
    title: 'The storage denied access',
    detail: 'The storage denied access: {why}',
    meaning:
      'The bucket, container or directory exists. The driver’s identity is not allowed to read or write it, or the driver has no credentials.',
    matchers: [
      inLog('^java.nio.file.AccessDeniedException: {why}'),
      inLog('^org.apache.hadoop.security.AccessControlException: {why}'),
      inLog('com.amazonaws.services.s3.model.AmazonS3Exception: {why}(Service: Amazon S3; Status Code: 403'),
      inLog('software.amazon.awssdk.services.s3.model.S3Exception: {why}(Service: S3, Status Code: 403'),
      inLog('No AWS Credentials provided by {why}'),
      inLog('does not have storage.{why} access to the Google Cloud Storage'),
      inLog('does not have storage.{why} access to'),
      inLog('Operation failed: "{why}", 403'),
      inLog('Operation failed: "{why}", 401'),
      inLog('An error occurred (AccessDenied) when calling the {why}'),
      inLog('An error occurred (403) when calling the {why}'),
      inLog('(InvalidAccessKeyId) when calling the {why}'),
      inLog('AuthorizationPermissionMismatch{why}'),
    ],
    explains: [...ends, 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change(
        'Grant the identity access, or configure the driver’s identity: annotate its service account, or pass a Secret with spark.kubernetes.driver.secretKeyRef.*',
      ),
      inspect('Check the service account', 'kubectl -n {namespace} get serviceaccount {serviceAccount} -o yaml'),
    ],
  },
  {
    id: 'SPN-PERMISSION-LOGIN',
    cause: 'permission',
    severity: 'error',
    confidence: 'high',
    title: 'A service rejected the login',
    detail: 'A service rejected the login: {why}',
    meaning:
      'The service is reachable. The user, the password, the token or the Kerberos ticket is missing, wrong or expired.',
    matchers: [
      inLog('password authentication failed for user {+why}'),
      inLog('Access denied for user {+why}'),
      inLog('Login failed for user {+why}'),
      inLog('ORA-01017: {why}'),
      inLog('org.apache.kafka.common.errors.SaslAuthenticationException: {why}'),
      inLog('org.apache.kafka.common.errors.TopicAuthorizationException: {why}'),
      inLog('org.apache.kafka.common.errors.GroupAuthorizationException: {why}'),
      inLog('javax.security.auth.login.LoginException: {why}'),
      inLog('org.ietf.jgss.GSSException: {why}'),
      inLog('Client cannot authenticate via:{+why}'),
    ],
    explains: [
      ...ends,
      'SPN-APPLICATION-JOB-ABORTED',
      'SPN-NETWORK-METASTORE',
      'SPN-NETWORK-REFUSED',
      'SPN-NETWORK-KAFKA',
    ],
    remedies: [
      change('Correct the credentials, and pass them with spark.kubernetes.driver.secretKeyRef.* or a mounted Secret'),
      inspect('List the Secrets', 'kubectl -n {namespace} get secrets'),
    ],
  },
  {
    id: 'SPN-PERMISSION-FILE',
    cause: 'permission',
    severity: 'error',
    confidence: 'medium',
    title: 'The file system refuses access to a local file',
    detail: 'The file system refuses to open or write {file}',
    meaning:
      'The container’s user (185 in Spark’s images) has no permission for the path. For example, the volume belongs to root, or the file system is read-only.',
    matchers: [
      inLog('^java.nio.file.FileSystemException: {file}: Read-only file system'),
      inLog('^java.nio.file.FileSystemException: {file}: Operation not permitted'),
      inLog('^java.nio.file.AccessDeniedException: /{file}'),
      inLog('^java.io.IOException: Failed to create a temp directory (under {file})'),
      inLog('^java.io.IOException: Failed to create directory {file}'),
      inLog('^java.io.IOException: Mkdirs failed to create file:{file} ('),
      inLog('^java.io.IOException: Failed to create local dir in {file}'),
      inLog('^java.io.IOException: Cannot create directory {file}'),
      inLog("^OSError: [Errno 30] Read-only file system: '{file}'", ['uncaught', 'error']),
      inLog("Permission denied: '{file}'", ['uncaught', 'error']),
      inOutput(': line {number}: {file}: Permission denied'),
      inOutput(': line {number}: {file}: Read-only file system'),
      inOutput(': cannot create {file}: Permission denied'),
      inOutput(": can't create {file}: Permission denied"),
      inOutput(': cannot create directory ‘{file}’: '),
      inOutput(": cannot create directory '{file}': "),
      inOutput('exec {file} failed: Permission denied'),
      inLog('^java.io.FileNotFoundException: {file} (Permission denied)'),
      inLog('^java.io.FileNotFoundException: {file} (Read-only file system)'),
      inLog("^PermissionError: [Errno 13] Permission denied: '{file}'"),
      observed('exit code 126, which a shell uses for a file that it is not allowed to run', ({ exit }) =>
        exit?.exitCode === 126 ? { evidence: [item('pod', 'driver container: exit code 126')] } : undefined,
      ),
    ],
    explains: [...ends, 'SPN-CLASSPATH-FILE', 'SPN-PERMISSION-STORAGE', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change('If the root file system is read-only (readOnlyRootFilesystem): mount an emptyDir at the path'),
      change('Set fsGroup (185) in the pod template’s securityContext, or make the path writable'),
    ],
  },
]
