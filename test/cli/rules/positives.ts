import type { FindingId } from '../../../cli/findings/findings.ts'
import {
  contextStarted,
  type EvidenceCase,
  error,
  failedWith,
  finishedJobLog,
  info,
  pending,
  pythonTraceback,
  running,
  thread,
  uncaughtException,
  unscheduled,
  waiting,
  waitingForNode,
  warn,
  withEvent,
} from './evidence-case.ts'

const oom = (what: string): EvidenceCase => ({ log: uncaughtException(`java.lang.OutOfMemoryError: ${what}`) })
const uncaught = (...chain: readonly string[]): EvidenceCase => ({ log: uncaughtException(...chain) })
const unschedulable = (why: string): EvidenceCase => {
  const message = `0/3 nodes are available: ${why}. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.`
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
  return { ...unscheduled, status: { conditions: [condition] }, events: [{ reason: 'FailedScheduling', message }] }
}
const apiRefusal = (message: string) =>
  `io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: POST at: https://kubernetes.default.svc/api/v1/namespaces/jobs/pods. Message: ${message}. Received status: Status(apiVersion=v1, code=403, kind=Status).`
const imagePullFailure = (why: string): EvidenceCase => ({
  ...waiting('ImagePullBackOff', `Back-off pulling image "registry.example/spark:4": ErrImagePull: ${why}`),
  events: [{ reason: 'Failed', message: `Failed to pull image "registry.example/spark:4": ${why}` }],
})
const disrupted = (reason: string): EvidenceCase => ({
  ...failedWith(143),
  status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message: `reason ${reason}` }] },
})
const kubeflow = (message: string, state = 'SUBMISSION_FAILED'): EvidenceCase => ({
  state: null,
  log: null,
  application: {
    apiVersion: 'sparkoperator.k8s.io/v1beta2',
    kind: 'SparkApplication',
    metadata: { name: 'nightly', namespace: 'jobs' },
    spec: {},
    status: { applicationState: { state, errorMessage: message } },
  },
})
/** The operator of Apache has released the resources of the driver since. */
const apache = (currentStateSummary: string, message: string): EvidenceCase => ({
  state: null,
  log: null,
  application: {
    apiVersion: 'spark.apache.org/v1',
    kind: 'SparkApplication',
    metadata: { name: 'nightly', namespace: 'jobs' },
    spec: {},
    status: {
      currentState: { currentStateSummary: 'ResourceReleased', message: 'released' },
      stateTransitionHistory: {
        10: { currentStateSummary: 'ResourceReleased', message: 'released' },
        9: { currentStateSummary, message },
        0: { currentStateSummary: 'Submitted', message: 'submitted' },
      },
    },
  },
})
const withInit = (state: object, lastState: object = {}): EvidenceCase => ({
  ...pending,
  state: { waiting: { reason: 'PodInitializing' } },
  spec: { initContainers: [{ name: 'fetch-certs' }] },
  status: { initContainerStatuses: [{ name: 'fetch-certs', restartCount: 7, state, lastState }] },
})
const evicted = (message: string): EvidenceCase => ({ ...failedWith(137), status: { reason: 'Evicted', message } })

/** Evidence for which each rule must report the root cause. The texts are those of the sources that the rule files name. */
export const positives: readonly (readonly [FindingId, EvidenceCase])[] = [
  ['SPN-MEMORY-CONTAINER-OOM', failedWith(137, 'OOMKilled')],
  [
    'SPN-MEMORY-CONTAINER-OOM',
    { ...failedWith(137, 'OOMKilled'), log: uncaughtException('java.lang.OutOfMemoryError: Java heap space') },
  ],
  ['SPN-MEMORY-HEAP', oom('Java heap space')],
  ['SPN-MEMORY-HEAP', { ...failedWith(3), log: 'Terminating due to java.lang.OutOfMemoryError: Java heap space\n' }],
  ['SPN-MEMORY-HEAP', failedWith(52)],
  [
    'SPN-MEMORY-HEAP',
    {
      log:
        error('Utils', 'uncaught error in thread spark-listener-group-appStatus, stopping SparkContext') +
        uncaughtException('java.lang.OutOfMemoryError: Java heap space'),
    },
  ],
  [
    'SPN-MEMORY-HEAP',
    { ...running, log: 'Exception in thread "dispatcher-event-loop-1" java.lang.OutOfMemoryError: Java heap space\n' },
  ],
  [
    'SPN-MEMORY-HEAP',
    {
      log: '{"ts":"2026-11-24T11:50:00.000Z","level":"ERROR","msg":"Error initializing SparkContext.","exception":{"class":"java.lang.OutOfMemoryError","msg":"Java heap space","stacktrace":[{"class":"A","method":"b","file":"A.scala","line":1}]},"logger":"SparkContext"}\n',
    },
  ],
  ['SPN-MEMORY-GC-OVERHEAD', oom('GC overhead limit exceeded')],
  ['SPN-MEMORY-METASPACE', oom('Metaspace')],
  [
    'SPN-MEMORY-DIRECT',
    oom('Cannot reserve 16777216 bytes of direct buffer memory (allocated: 536870000, limit: 536870912)'),
  ],
  ['SPN-MEMORY-DIRECT', oom('Direct buffer memory')],
  [
    'SPN-MEMORY-NATIVE-THREAD',
    oom('unable to create native thread: possibly out of memory or process/resource limits reached'),
  ],
  [
    'SPN-MEMORY-NATIVE',
    {
      log: '#\n# There is insufficient memory for the Java Runtime Environment to continue.\n# Native memory allocation (mmap) failed to map 357564416 bytes.\n',
    },
  ],
  ['SPN-MEMORY-ARRAY', oom('Requested array size exceeds VM limit')],
  [
    'SPN-MEMORY-MAX-RESULT-SIZE',
    uncaught(
      'org.apache.spark.SparkException: Job aborted due to stage failure: Total size of serialized results of 12 tasks (1100.0 MiB) is bigger than spark.driver.maxResultSize (1024.0 MiB)',
    ),
  ],
  [
    'SPN-MEMORY-BROADCAST',
    uncaught(
      'org.apache.spark.SparkException: Not enough memory to build and broadcast the table to all worker nodes. As a workaround, you can either disable broadcast',
      'java.lang.OutOfMemoryError: Java heap space',
    ),
  ],
  [
    'SPN-MEMORY-BROADCAST',
    uncaught('org.apache.spark.SparkException: Cannot broadcast the table that is larger than 8.0 GiB: 9.1 GiB.'),
  ],
  [
    'SPN-MEMORY-EXECUTOR-OOM',
    uncaught(
      'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times, most recent failure: Lost task 0.3 in stage 1.0 (TID 9) (10.0.0.9 executor 1): java.lang.OutOfMemoryError: Java heap space',
      'java.lang.OutOfMemoryError: Java heap space',
    ),
  ],
  [
    'SPN-MEMORY-EXECUTOR-OOM',
    {
      log:
        error(
          'TaskSchedulerImpl',
          'Lost executor 1 on 10.0.0.9: \nThe executor with id 1 exited with exit code 137(SIGKILL, possible container OOM).',
        ).replace(': \nThe', ': The') +
        uncaughtException(
          'org.apache.spark.SparkException: Job aborted due to stage failure: ShuffleMapStage 3 has failed the maximum allowable number of times: 4.',
        ),
    },
  ],

  ['SPN-CONFIG-VALUE', uncaught('java.lang.IllegalArgumentException: spark.executor.cores should be int, but was two')],
  [
    'SPN-CONFIG-VALUE',
    uncaught(
      'java.lang.NumberFormatException: Illegal value for config key spark.driver.maxResultSize: Size must be specified as bytes (b), kibibytes (k), mebibytes (m), gibibytes (g), tebibytes (t), or pebibytes(p). E.g. 50b, 100k, or 250m.',
    ),
  ],
  [
    'SPN-CONFIG-VALUE',
    uncaught(
      `org.apache.spark.SparkIllegalArgumentException: [INVALID_CONF_VALUE.REQUIREMENT] The value 'x' in the config "spark.sql.codegen.factoryMode" is invalid. It should be one of. SQLSTATE: 22022`,
    ),
  ],
  [
    'SPN-CONFIG-HEAP-TOO-SMALL',
    uncaught(
      'org.apache.spark.SparkIllegalArgumentException: [INVALID_DRIVER_MEMORY] System memory 202768384 must be at least 471859200.',
    ),
  ],
  [
    'SPN-CONFIG-JVM-OPTIONS',
    {
      log: "Unrecognized VM option 'UseConcMarkSweepGC'\nError: Could not create the Java Virtual Machine.\nError: A fatal exception has occurred. Program will exit.\n",
    },
  ],
  [
    'SPN-CONFIG-CONFLICT',
    uncaught(
      'org.apache.spark.SparkException: Dynamic allocation of executors requires one of the following conditions: 1) enabling external shuffle service through spark.shuffle.service.enabled',
    ),
  ],
  ['SPN-CONFIG-CONFLICT', uncaught('org.apache.spark.SparkException: A master URL must be set in your configuration')],
  [
    'SPN-CONFIG-EVENT-LOG',
    uncaught('java.io.IOException: Target log directory already exists (s3a://logs/eventlog_v2_spark-1)'),
  ],
  [
    'SPN-CONFIG-EVENT-LOG',
    {
      ...uncaught('java.io.FileNotFoundException: File file:/nowhere does not exist'),
      conf: 'spark.eventLog.dir=file:///nowhere\n',
    },
  ],
  ['SPN-CONFIG-REFERENCE', waiting('CreateContainerConfigError', 'secret "database" not found')],
  ['SPN-CONFIG-REFERENCE', waiting('CreateContainerConfigError', "couldn't find key password in Secret jobs/database")],
  [
    'SPN-CONFIG-DEADLINE',
    {
      ...failedWith(143),
      status: { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' },
    },
  ],
  [
    'SPN-CONFIG-IGNORED-KEY',
    {
      ...failedWith(1),
      state: {},
      phase: 'Running',
      ...running,
      report: { state: 'hung', reason: 'x' },
      log: warn('SparkSubmit', 'Ignoring non-Spark config property: fs.s3a.endpoint'),
    },
  ],
  [
    'SPN-CONFIG-MISSPELT-KEY',
    {
      ...failedWith(1),
      log: uncaughtException('java.lang.IllegalStateException: x'),
      conf: 'spark.driver.memoryOverhed=4g\n',
    },
  ],
  [
    'SPN-CONFIG-DRIVER-POD',
    uncaught(
      'org.apache.spark.SparkException: External scheduler cannot be instantiated',
      'org.apache.spark.SparkException: No pod was found named other in the cluster in the namespace jobs (this was supposed to be the driver pod.).',
    ),
  ],
  [
    'SPN-CONFIG-SCHEDULER',
    uncaught(
      'org.apache.spark.SparkException: External scheduler cannot be instantiated',
      'java.lang.IllegalStateException: something new',
    ),
  ],
  ['SPN-CONFIG-POD-TEMPLATE', uncaught('org.apache.spark.SparkException: Could not load pod from template file.')],

  [
    'SPN-CLASSPATH-JAR',
    {
      ...failedWith(101),
      log: `${warn('DependencyUtils', 'Local jar /opt/spark/app/nope.jar does not exist, skipping.')}Error: Failed to load class App.\n`,
    },
  ],
  [
    'SPN-CLASSPATH-JAR',
    { ...failedWith(2), log: "/usr/bin/python3: can't open file '/opt/app.py': [Errno 2] No such file or directory\n" },
  ],
  ['SPN-CLASSPATH-MAIN-CLASS', { ...failedWith(101), log: 'Error: Failed to load class com.example.Missing.\n' }],
  [
    'SPN-CLASSPATH-INITIALIZER',
    uncaught('java.lang.NoClassDefFoundError: Could not initialize class com.example.Config'),
  ],
  [
    'SPN-CLASSPATH-CLASS',
    uncaught(
      'java.lang.NoClassDefFoundError: org/apache/kafka/clients/consumer/Consumer',
      'java.lang.ClassNotFoundException: org.apache.kafka.clients.consumer.Consumer',
    ),
  ],
  [
    'SPN-CLASSPATH-CLASS',
    uncaught(
      'org.apache.spark.SparkClassNotFoundException: [DATA_SOURCE_NOT_FOUND] Failed to find the data source: delta. Make sure the provider name is correct and the package is properly registered',
    ),
  ],
  [
    'SPN-CLASSPATH-CLASS',
    uncaught(
      'java.lang.RuntimeException: java.lang.ClassNotFoundException: Class org.apache.hadoop.fs.s3a.S3AFileSystem not found',
    ),
  ],
  [
    'SPN-CLASSPATH-CLASS',
    uncaught('org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme "abfss"'),
  ],
  [
    'SPN-CLASSPATH-VERSION',
    uncaught(
      "java.lang.NoSuchMethodError: 'scala.collection.immutable.Seq scala.Predef$.wrapRefArray(java.lang.Object[])'",
    ),
  ],
  [
    'SPN-CLASSPATH-JAVA-VERSION',
    uncaught(
      'java.lang.UnsupportedClassVersionError: App has been compiled by a more recent version of the Java Runtime (class file version 65.0), this version of the Java Runtime only recognizes class file versions up to 61.0',
    ),
  ],
  ['SPN-CLASSPATH-PYTHON-MODULE', { log: pythonTraceback("ModuleNotFoundError: No module named 'pandas'") }],
  ['SPN-CLASSPATH-FILE', uncaught('java.io.FileNotFoundException: /etc/app/settings.conf (No such file or directory)')],
  [
    'SPN-CLASSPATH-FILE',
    { log: pythonTraceback("FileNotFoundError: [Errno 2] No such file or directory: '/data/in.csv'") },
  ],

  [
    'SPN-IMAGE-NAME',
    waiting(
      'InvalidImageName',
      'Failed to apply default image tag "Local/NOPE:9": couldn\'t parse image name "Local/NOPE:9": invalid reference format: repository name (NOPE) must be lowercase',
    ),
  ],
  [
    'SPN-IMAGE-NOT-FOUND',
    imagePullFailure(
      'failed to pull and unpack image "docker.io/library/spark:nope": failed to resolve image: docker.io/library/spark:nope: not found',
    ),
  ],
  [
    'SPN-IMAGE-ACCESS',
    imagePullFailure(
      'failed to authorize: failed to fetch oauth token: unexpected status from GET request: 401 Unauthorized',
    ),
  ],
  ['SPN-IMAGE-ACCESS', imagePullFailure('pull access denied, repository does not exist or may require authorization')],
  [
    'SPN-IMAGE-REGISTRY',
    imagePullFailure(
      'failed to do request: Head "https://localhost/v2/nope/manifests/9": dial tcp 127.0.0.1:443: connect: connection refused',
    ),
  ],
  [
    'SPN-IMAGE-NEVER',
    waiting('ErrImageNeverPull', 'Container image "localhost/nope:9" is not present with pull policy of Never'),
  ],
  ['SPN-IMAGE-PULL', imagePullFailure('rpc error: code = Unknown desc = something new')],
  [
    'SPN-IMAGE-COMMAND',
    failedWith(
      128,
      'StartError',
      'failed to create containerd task: exec: "/opt/entrypoint.sh": stat /opt/entrypoint.sh: no such file or directory',
    ),
  ],
  ['SPN-IMAGE-COMMAND', { ...failedWith(1), log: 'exec /opt/entrypoint.sh: exec format error\n' }],

  ['SPN-SCHEDULING-CPU', unschedulable('3 Insufficient cpu')],
  // The requested node does not arrive, or no node was requested.
  [
    'SPN-SCHEDULING-CPU',
    { ...waitingForNode, events: [...waitingForNode.events, { reason: 'TriggeredScaleUp', message: 'x' }] },
  ],
  ['SPN-SCHEDULING-CPU', { ...waitingForNode, ageMs: 60_000 }],
  ['SPN-SCHEDULING-MEMORY', unschedulable('3 Insufficient memory')],
  ['SPN-SCHEDULING-RESOURCE', unschedulable('3 Insufficient nvidia.com/gpu')],
  ['SPN-SCHEDULING-RESOURCE', unschedulable('3 Too many pods')],
  ['SPN-SCHEDULING-TAINT', unschedulable('3 node(s) had untolerated taint(s)')],
  ['SPN-SCHEDULING-AFFINITY', unschedulable("3 node(s) didn't match Pod's node affinity/selector")],
  ['SPN-SCHEDULING-CORDONED', unschedulable('3 node(s) were unschedulable')],
  [
    'SPN-SCHEDULING-GATED',
    {
      ...unscheduled,
      status: {
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
          },
        ],
      },
    },
  ],
  [
    'SPN-SCHEDULING-EXECUTORS',
    {
      ...running,
      log: warn(
        'TaskSchedulerImpl',
        'Initial job has not accepted any resources; check your cluster UI to ensure that workers are registered and have sufficient resources',
      ).repeat(4),
    },
  ],

  ['SPN-VOLUME-CLAIM', unschedulable('persistentvolumeclaim "scratch" not found')],
  ['SPN-VOLUME-CLAIM', unschedulable('pod has unbound immediate PersistentVolumeClaims')],
  [
    'SPN-VOLUME-SPARK-CONF',
    withEvent(
      'FailedMount',
      'MountVolume.SetUp failed for volume "spark-conf-volume-driver" : configmap "spark-drv-1-conf-map" not found',
    ),
  ],
  [
    'SPN-VOLUME-CONFIGMAP',
    withEvent('FailedMount', 'MountVolume.SetUp failed for volume "s" : configmap "nope" not found'),
  ],
  ['SPN-VOLUME-SECRET', withEvent('FailedMount', 'MountVolume.SetUp failed for volume "s" : secret "nope" not found')],
  [
    'SPN-VOLUME-ATTACH',
    withEvent(
      'FailedAttachVolume',
      'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node and can\'t be attached to another',
    ),
  ],
  [
    'SPN-VOLUME-MOUNT',
    withEvent(
      'FailedMount',
      'MountVolume.MountDevice failed for volume "pvc-1" : rpc error: code = Internal desc = something new',
    ),
  ],
  ['SPN-VOLUME-NO-SPACE', uncaught('java.io.IOException: No space left on device')],
  ['SPN-VOLUME-EPHEMERAL', evicted('Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. ')],
  ['SPN-VOLUME-EPHEMERAL', evicted('Usage of EmptyDir volume "spark-local-dir-1" exceeds the limit "1Gi". ')],

  [
    'SPN-PERMISSION-ADMISSION',
    uncaught(
      'io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: POST at: https://10.0.0.1/api/v1/namespaces/jobs/pods. Message: admission webhook "validate.kyverno.svc-fail" denied the request: the label team is required. Received status: Status(apiVersion=v1, code=400)',
    ),
  ],
  [
    'SPN-NETWORK-WEBHOOK',
    {
      ...running,
      log: error(
        'ExecutorPodsSnapshotsStoreImpl',
        'Message: Internal error occurred: failed calling webhook "m.example": failed to call webhook: Post "https://a": context deadline exceeded. Received status: Status(x)',
      ),
    },
  ],
  [
    'SPN-CONFIG-POD-INVALID',
    {
      ...running,
      log: error(
        'Utils',
        'Uncaught exception in thread x\nio.fabric8.kubernetes.client.KubernetesClientException: Failure executing: POST at: https://10.0.0.1/api/v1/namespaces/jobs/pods. Message: Pod "x-exec-4" is invalid: spec.containers[0].resources.requests: Invalid value: "1": must be less than or equal to cpu limit. Received status: Status(x)',
      ),
    },
  ],
  [
    'SPN-CONFIG-NAMESPACE',
    uncaught(
      'io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: POST at: https://10.0.0.1/api. Message: pods "x" is forbidden: unable to create new content in namespace jobs because it is being terminated. Received status: Status(x)',
    ),
  ],
  [
    'SPN-CONFIG-PRIORITY-CLASS',
    uncaught('a.B: Message: pods "x" is forbidden: no PriorityClass with name high was found'),
  ],
  [
    'SPN-CONFIG-TOO-LARGE',
    uncaught('a.B: Message: ConfigMap "x" is invalid: []: Too long: must have at most 1048576 bytes'),
  ],
  [
    'SPN-QUOTA-API-SERVER',
    uncaught('a.B: Message: the server has received too many requests and has asked us to try again later'),
  ],
  [
    'SPN-QUOTA-CONFLICT',
    uncaught(
      'a.B: Message: Operation cannot be fulfilled on resourcequotas "q": the object has been modified; please apply your changes',
    ),
  ],
  [
    'SPN-CONFIG-AWS-REGION',
    uncaught(
      'software.amazon.awssdk.core.exception.SdkClientException: Unable to load region from any of the providers in the chain x: [Unable to contact EC2 metadata service.]',
    ),
  ],
  ['SPN-CONFIG-AWS-REGION', { log: pythonTraceback('botocore.exceptions.NoRegionError: You must specify a region.') }],
  [
    'SPN-PERMISSION-AWS-IDENTITY',
    { log: pythonTraceback('botocore.exceptions.NoCredentialsError: Unable to locate credentials') },
  ],
  [
    'SPN-PERMISSION-AWS-IDENTITY',
    uncaught(
      'com.amazonaws.services.securitytoken.model.AWSSecurityTokenServiceException: Not authorized to perform sts:AssumeRoleWithWebIdentity (Service: AWSSecurityTokenService; Status Code: 403)',
    ),
  ],
  [
    'SPN-PERMISSION-AWS-IDENTITY',
    uncaught(
      'com.amazonaws.SdkClientException: Failed to connect to service endpoint: ',
      'java.net.SocketTimeoutException: connect timed out',
    ),
  ],
  [
    'SPN-PERMISSION-GOOGLE-IDENTITY',
    uncaught(
      'java.io.IOException: Error getting access token from metadata server at: http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token',
      'java.net.SocketTimeoutException: connect timed out',
    ),
  ],
  [
    'SPN-PERMISSION-GOOGLE-IDENTITY',
    {
      log: pythonTraceback('google.auth.exceptions.DefaultCredentialsError: Your default credentials were not found.'),
    },
  ],
  [
    'SPN-PERMISSION-AZURE-IDENTITY',
    uncaught(
      'com.azure.identity.CredentialUnavailableException: ManagedIdentityCredential authentication unavailable. Connection to IMDS endpoint cannot be established',
    ),
  ],
  [
    'SPN-PERMISSION-LOGIN',
    uncaught('org.postgresql.util.PSQLException: FATAL: password authentication failed for user "etl"'),
  ],
  ['SPN-PERMISSION-FILE', { log: '/opt/entrypoint.sh: line 40: /tmp/java_opts.txt: Permission denied\n' }],
  ['SPN-PERMISSION-FILE', uncaught('java.nio.file.AccessDeniedException: /data/out')],
  ['SPN-PERMISSION-FILE', { log: pythonTraceback("OSError: [Errno 30] Read-only file system: '/opt/x'") }],
  [
    'SPN-PERMISSION-FILE',
    {
      log: `${error('JavaUtils', 'Failed to create directory /tmp/x')}java.nio.file.FileSystemException: /tmp/x: Read-only file system\n\tat a.B.c(B.java:1)\n${uncaughtException('java.io.IOException: Failed to create a temp directory (under /tmp) after 10 attempts!')}`,
    },
  ],
  ['SPN-CLASSPATH-PACKAGES', uncaught('java.lang.RuntimeException: [unresolved dependency: a#b;1: not found]')],
  [
    'SPN-NETWORK-PACKAGES',
    {
      log: `:::: ERRORS\n\tServer access error at url https://repo.example/a.pom (java.net.ConnectException: Connection timed out)\n\n${uncaughtException('java.lang.RuntimeException: [unresolved dependency: a#b;1: not found]')}`,
    },
  ],
  ['SPN-CONFIG-IVY-HOME', uncaught('java.lang.IllegalArgumentException: basedir must be absolute: ?/.ivy2/local')],
  [
    'SPN-CONFIG-IVY-HOME',
    uncaught('java.io.FileNotFoundException: /home/spark/.ivy2/cache/resolved-a-1.xml (No such file or directory)'),
  ],
  [
    'SPN-CLASSPATH-HADOOP-VERSION',
    {
      log: 'Exception in thread "main" java.lang.NumberFormatException: For input string: "60s"\n\tat java.base/java.lang.Long.parseLong(Unknown Source)\n\tat org.apache.hadoop.conf.Configuration.getLong(Configuration.java:1)\n',
    },
  ],
  [
    'SPN-CLASSPATH-JAVA-MODULE',
    uncaught(
      'java.lang.IllegalAccessError: class a.B (in unnamed module @0x7f) cannot access class sun.nio.ch.DirectBuffer (in module java.base) because module java.base does not export sun.nio.ch to unnamed module @0x7f',
    ),
  ],
  [
    'SPN-CLASSPATH-PYTHON-VERSION',
    {
      log: pythonTraceback(
        'py4j.protocol.Py4JJavaError: An error occurred while calling o1.x.\n: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.9 executor 1): org.apache.spark.api.python.PythonException: Traceback (most recent call last):\n  File "w.py", line 4, in main\nException: Python in worker has different version 3.8 than that in driver 3.9, PySpark cannot run with different minor versions.\n\n\tat a.B.c(B.java:1)',
      ),
    },
  ],
  [
    'SPN-CONFIG-KRYO-BUFFER',
    uncaught(
      'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.9 executor 1): org.apache.spark.SparkException: Kryo serialization failed: Buffer overflow. Available: 0, required: 1. To avoid this, increase spark.kryoserializer.buffer.max value.',
    ),
  ],
  [
    'SPN-CONFIG-MESSAGE-SIZE',
    uncaught(
      'org.apache.spark.SparkException: Job aborted due to stage failure: Serialized task 0:0 was 1000 bytes, which exceeds max allowed: spark.rpc.message.maxSize (134217728 bytes).',
    ),
  ],
  [
    'SPN-MEMORY-PYTHON',
    {
      log: pythonTraceback(
        'numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array with shape (1,)',
      ),
    },
  ],
  ['SPN-MEMORY-PYTHON', { log: pythonTraceback('MemoryError') }],
  [
    'SPN-MEMORY-PYTHON-WORKER',
    uncaught(
      'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.9 executor 1): org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)',
    ),
  ],
  [
    'SPN-MEMORY-GPU',
    { log: pythonTraceback('torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB') },
  ],
  [
    'SPN-CONFIG-ENVIRONMENT',
    {
      log: `Traceback (most recent call last):
  File "/opt/app/job.py", line 3, in <module>
    url = os.environ["DB_URL"]
  File "<frozen os>", line 679, in __getitem__
KeyError: 'DB_URL'
`,
    },
  ],
  ['SPN-HANG-ENDED', failedWith(142, 'Error', 'frozen: no answer to 3 polls')],
  ['SPN-HANG-ENDED', { ...failedWith(137, 'Error', 'rows: 0\ndeadlock: 2 threads'), log: finishedJobLog }],
  ['SPN-EXIT-142', failedWith(142)],
  [
    'SPN-HANG-PROBE',
    {
      ...failedWith(143),
      events: [
        { reason: 'Killing', message: 'Container spark-kubernetes-driver failed liveness probe, will be restarted' },
      ],
    },
  ],
  [
    'SPN-NODE-SHUFFLE-LOST',
    uncaught(
      'org.apache.spark.SparkException: Job aborted due to stage failure: ShuffleMapStage 3 (save at M.scala:1) has failed the maximum allowable number of times: 4. Most recent failure reason:',
      'org.apache.spark.shuffle.MetadataFetchFailedException: Missing an output location for shuffle 1 partition 0',
    ),
  ],
  ['SPN-EXIT-130', failedWith(130)],
  ['SPN-NETWORK-PLATFORM', { log: pythonTraceback('OSError: [Errno 113] No route to host') }],
  ['SPN-MEMORY-STACK', uncaught('java.lang.StackOverflowError')],
  [
    'SPN-CONFIG-S3-BAD-REQUEST',
    uncaught(
      'org.apache.hadoop.fs.s3a.AWSBadRequestException: s3a://raw/in: getFileStatus on s3a://raw/in: com.amazonaws.services.s3.model.AmazonS3Exception: Bad Request (Service: Amazon S3; Status Code: 400; Error Code: 400 Bad Request; Request ID: X)',
    ),
  ],
  [
    'SPN-CONFIG-S3-BAD-REQUEST',
    {
      log: pythonTraceback(
        'botocore.exceptions.ClientError: An error occurred (400) when calling the HeadObject operation: Bad Request',
      ),
    },
  ],
  [
    'SPN-MEMORY-BROADCAST',
    uncaught(
      'org.apache.spark.sql.execution.OutOfMemorySparkException: Size of broadcasted table far exceeds estimates and exceeds limit of spark.driver.maxResultSize=4294967296.',
    ),
  ],
  [
    'SPN-IMAGE-PROGRAM',
    { ...failedWith(127), log: '[FATAL tini (16)] exec driver-py failed: No such file or directory\n' },
  ],
  [
    'SPN-IMAGE-PROGRAM',
    uncaught('java.io.IOException: Cannot run program "python3": error=2, No such file or directory'),
  ],
  ['SPN-IMAGE-PROGRAM', { ...failedWith(127), log: '/opt/run.sh: line 3: spark-submit: command not found\n' }],
  [
    'SPN-IMAGE-LIBRARY',
    { log: "/opt/java/bin/java: /lib/libc.so.6: version `GLIBC_2.32' not found (required by /opt/java/bin/java)\n" },
  ],
  [
    'SPN-NETWORK-METASTORE',
    uncaught(
      'org.apache.spark.sql.AnalysisException: org.apache.hadoop.hive.ql.metadata.HiveException: java.lang.RuntimeException: Unable to instantiate a.B',
      'MetaException(message:Could not connect to meta store using any of the URIs provided. Most recent failure: org.apache.thrift.transport.TTransportException: java.net.ConnectException: Connection refused',
    ),
  ],
  [
    'SPN-NETWORK-KAFKA',
    {
      log: pythonTraceback(
        'pyspark.errors.exceptions.captured.StreamingQueryException: [STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment. Call: describeTopics',
      ),
    },
  ],
  ['SPN-NETWORK-REFUSED', { log: pythonTraceback('ConnectionRefusedError: [Errno 111] Connection refused') }],
  ['SPN-NETWORK-DNS', { log: pythonTraceback('socket.gaierror: [Errno -2] Name or service not known') }],
  [
    'SPN-NETWORK-DNS',
    {
      log: `${error('Main', 'load failed')}java.net.UnknownHostException: db.example\n\tat a.b(C.java:1)\n${uncaughtException('java.lang.RuntimeException: job failed')}`,
    },
  ],
  [
    'SPN-HANG-ENDED-WORK',
    {
      ...failedWith(143),
      log: `${info('SparkContext', 'Running Spark version 3.5.1')}${info('SparkContext', 'SparkContext is stopping with exitCode 0.')}${info('SparkContext', 'Successfully stopped SparkContext')}${error('SparkSubmitSignal', 'RECEIVED SIGNAL TERM')}${info('ShutdownHookManager', 'Shutdown hook called')}`,
    },
  ],
  ['SPN-IMAGE-JAVA-HOME', { log: 'JAVA_HOME is not set\n' }],
  ['SPN-APPLICATION-BUCKET', uncaught('java.io.FileNotFoundException: Bucket etl-out does not exist')],
  [
    'SPN-EXIT-OTHER',
    {
      ...failedWith(3),
      log: `${error('Conf', 'optional file not read')}java.io.FileNotFoundException: /opt/x.properties (No such file or directory)\nCHECK FAILED: 0 rows\n`,
    },
  ],
  ['SPN-NETWORK-PLATFORM', uncaught('java.io.IOException: Could not reach any contact point of 10.0.0.1:9042')],
  [
    'SPN-IMAGE-COMMAND',
    { ...failedWith(255), log: 'standard_init_linux.go:228: exec user process caused: exec format error\n' },
  ],
  ['SPN-PERMISSION-PLATFORM', uncaught('com.azure.core.exception.HttpResponseException: Status code 403, no')],
  [
    'SPN-PERMISSION-PLATFORM',
    uncaught(
      'java.lang.RuntimeException: load failed',
      'org.acme.jdbc.X: a',
      'org.postgresql.util.PSQLException: FATAL: permission denied for database "d"',
    ),
  ],
  [
    'SPN-NETWORK-PLATFORM',
    { log: pythonTraceback('elasticsearch.ConnectionTimeout: ConnectionTimeout caused by - ReadTimeoutError') },
  ],
  [
    'SPN-NETWORK-PLATFORM',
    {
      log: `${error('Main', 'load failed')}com.mongodb.MongoTimeoutException: Timed out after 30000 ms while waiting to connect\n\tat com.mongodb.A.b(A.java:1)\n`,
    },
  ],
  [
    'SPN-QUOTA-PLATFORM',
    uncaught('com.google.cloud.bigquery.BigQueryException: Exceeded rate limits: too many api requests per user'),
  ],
  ['SPN-CLASSPATH-PLATFORM', uncaught('java.lang.BootstrapMethodError: call site initialization exception')],
  [
    'SPN-CONFIG-PLATFORM',
    uncaught(
      'org.apache.kafka.common.config.ConfigException: Missing required configuration "bootstrap.servers" which has no default value.',
    ),
  ],
  ['SPN-APPLICATION-PLATFORM', uncaught('org.apache.hudi.exception.HoodieRollbackException: Found commits after time')],
  [
    'SPN-NETWORK-DNS',
    uncaught(
      'org.apache.spark.SparkException: External scheduler cannot be instantiated',
      'io.fabric8.kubernetes.client.KubernetesClientException: Operation: [get]  for kind: [Pod]  with name: [d]  in namespace: [jobs]  failed.',
      'java.io.IOException: nowhere.invalid',
      'java.net.UnknownHostException: nowhere.invalid',
    ),
  ],
  [
    'SPN-NETWORK-API',
    uncaught(
      'org.apache.spark.SparkException: External scheduler cannot be instantiated',
      'io.fabric8.kubernetes.client.KubernetesClientException: Operation: [get]  for kind: [Pod]  with name: [d]  in namespace: [jobs]  failed.',
      'java.net.ConnectException: Connection refused',
    ),
  ],
  [
    'SPN-NETWORK-TLS',
    uncaught(
      'javax.net.ssl.SSLHandshakeException: PKIX path building failed',
      'sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target',
    ),
  ],
  [
    'SPN-NETWORK-BIND',
    uncaught(
      "java.net.BindException: Cannot assign requested address: Service 'sparkDriver' failed after 16 retries (on a random free port)!",
    ),
  ],
  ['SPN-NETWORK-REFUSED', uncaught('java.net.ConnectException: Connection refused')],
  [
    'SPN-NETWORK-SANDBOX',
    withEvent(
      'FailedCreatePodSandBox',
      'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: no IP addresses available in range set',
    ),
  ],

  [
    'SPN-PERMISSION-FORBIDDEN',
    uncaught(
      'org.apache.spark.SparkException: External scheduler cannot be instantiated',
      'io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: GET at: https://kubernetes.default.svc/api/v1/namespaces/jobs/pods/d. Message: pods "d" is forbidden: User "system:serviceaccount:jobs:default" cannot get resource "pods" in API group "" in the namespace "jobs".',
    ),
  ],
  [
    'SPN-PERMISSION-TOKEN',
    uncaught(
      'org.apache.spark.SparkException: External scheduler cannot be instantiated',
      'io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: GET at: https://kubernetes.default.svc/api/v1/namespaces/jobs/pods/d. Message: Unauthorized. Received status: Status(code=401)',
    ),
  ],
  [
    'SPN-PERMISSION-SERVICE-ACCOUNT',
    kubeflow(
      'failed to run spark-submit: pods "nightly-driver" is forbidden: error looking up service account jobs/nope: serviceaccount "nope" not found',
    ),
  ],
  [
    'SPN-PERMISSION-POD-SECURITY',
    {
      ...running,
      log: warn(
        'ExecutorPodsAllocator',
        apiRefusal(
          'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
        ),
      ),
    },
  ],
  [
    'SPN-PERMISSION-RUN-AS-ROOT',
    waiting(
      'CreateContainerConfigError',
      'Error: container has runAsNonRoot and image will run as root (pod: "d", container: spark-kubernetes-driver)',
    ),
  ],
  [
    'SPN-PERMISSION-STORAGE',
    uncaught(
      'java.nio.file.AccessDeniedException: s3a://bucket/in: getFileStatus on s3a://bucket/in: software.amazon.awssdk.services.s3.model.S3Exception: null (Service: S3, Status Code: 403, Request ID: X)',
    ),
  ],
  ['SPN-PERMISSION-FILE', uncaught('java.io.FileNotFoundException: /data/out.txt (Permission denied)')],
  ['SPN-PERMISSION-FILE', failedWith(126)],

  [
    'SPN-QUOTA-EXCEEDED',
    {
      ...running,
      log:
        warn('ExecutorPodsSnapshotsStoreImpl', 'Exception when notifying snapshot subscriber.') +
        `${apiRefusal('pods "app-exec-1" is forbidden: exceeded quota: small, requested: requests.memory=9900Mi, used: requests.memory=2200Mi, limited: requests.memory=8Gi')}\n`,
    },
  ],
  [
    'SPN-QUOTA-EXCEEDED',
    kubeflow(
      'failed to run spark-submit: pods "nightly-driver" is forbidden: exceeded quota: small, requested: pods=1, used: pods=10, limited: pods=10',
    ),
  ],
  [
    'SPN-QUOTA-DEMANDS',
    kubeflow(
      'failed to run spark-submit: pods "nightly-driver" is forbidden: failed quota: small: must specify limits.cpu for: spark-kubernetes-driver',
    ),
  ],
  [
    'SPN-QUOTA-LIMIT-RANGE',
    kubeflow(
      'failed to run spark-submit: pods "nightly-driver" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
    ),
  ],

  [
    'SPN-NODE-EVICTED',
    evicted(
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. Container spark-kubernetes-driver was using 3Gi, request is 1Gi, has larger consumption of memory. ',
    ),
  ],
  ['SPN-NODE-PREEMPTED', disrupted('PreemptionByScheduler')],
  [
    'SPN-NODE-SHUTDOWN',
    {
      ...failedWith(143),
      status: { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' },
    },
  ],
  [
    'SPN-NODE-SHUTDOWN',
    { ...failedWith(143), events: [{ reason: 'SpotInterruption', message: 'Spot interruption notice' }] },
  ],
  ['SPN-NODE-TAINTED', disrupted('DeletionByTaintManager')],
  [
    'SPN-NODE-TAINTED',
    {
      ...failedWith(143),
      events: [{ reason: 'TaintManagerEviction', message: 'Marking for deletion Pod jobs/nightly-driver' }],
    },
  ],
  ['SPN-NODE-API-EVICTION', disrupted('EvictionByEvictionAPI')],
  [
    'SPN-NODE-LOST',
    failedWith(137, 'ContainerStatusUnknown', 'The container could not be located when the pod was terminated'),
  ],
  [
    'SPN-NODE-NOT-READY',
    {
      ...running,
      node: {
        conditions: [
          {
            type: 'Ready',
            status: 'Unknown',
            reason: 'NodeStatusUnknown',
            message: 'Kubelet stopped posting node status.',
          },
        ],
      },
    },
  ],
  [
    'SPN-NODE-NOT-READY',
    {
      ...running,
      node: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: '2026-11-24T11:50:00Z' }] },
    },
  ],
  [
    'SPN-NODE-PRESSURE',
    {
      ...running,
      node: {
        conditions: [{ type: 'MemoryPressure', status: 'True', message: 'kubelet has insufficient memory available' }],
      },
    },
  ],
  [
    'SPN-NODE-REJECTED',
    { state: {}, log: null, status: { reason: 'OutOfcpu', message: "Node didn't have enough resource: cpu" } },
  ],
  [
    'SPN-APPLICATION-JVM-CRASH',
    {
      ...failedWith(134),
      log: '#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n#  SIGSEGV (0xb) at pc=0x00007f, pid=7, tid=8\n',
    },
  ],

  [
    'SPN-APPLICATION-ANALYSIS',
    uncaught(
      'org.apache.spark.sql.catalyst.ExtendedAnalysisException: [TABLE_OR_VIEW_NOT_FOUND] The table or view `t` cannot be found. Verify the spelling',
    ),
  ],
  [
    'SPN-APPLICATION-ANALYSIS',
    {
      log: pythonTraceback(
        'pyspark.errors.exceptions.captured.AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `x` cannot be resolved.',
      ),
    },
  ],
  [
    'SPN-APPLICATION-PATH',
    uncaught(
      'org.apache.spark.sql.AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3a://bucket/in. SQLSTATE: 42K03',
    ),
  ],
  [
    'SPN-APPLICATION-BROADCAST-TIMEOUT',
    uncaught(
      'org.apache.spark.SparkException: Could not execute broadcast in 300 secs. You can increase the timeout for broadcasts via spark.sql.broadcastTimeout',
      'java.util.concurrent.TimeoutException',
    ),
  ],
  [
    'SPN-APPLICATION-EXECUTOR-FAILURES',
    { ...failedWith(11), log: error('ExecutorPodsAllocator', 'Max number of executor failures (6) reached') },
  ],
  [
    'SPN-APPLICATION-JOB-ABORTED',
    uncaught(
      'org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: Lost task 0.3 (TID 3) (10.0.0.9 executor 1): java.lang.ArithmeticException: / by zero',
      'java.lang.ArithmeticException: / by zero',
    ),
  ],
  [
    'SPN-APPLICATION-PY4J',
    {
      log: pythonTraceback(
        'py4j.protocol.Py4JJavaError: An error occurred while calling o52.foo.\n: java.lang.IllegalStateException: no',
      ),
    },
  ],
  [
    'SPN-APPLICATION-PY4J-CONNECTION',
    { log: pythonTraceback('py4j.protocol.Py4JNetworkError: Answer from Java side is empty') },
  ],
  [
    'SPN-APPLICATION-PYTHON',
    { log: '  File "/opt/app.py", line 3\n    def f(\n         ^\nSyntaxError: \'(\' was never closed\n' },
  ],
  ['SPN-APPLICATION-PYTHON', { log: pythonTraceback('ZeroDivisionError: division by zero') }],
  [
    'SPN-APPLICATION-CONTEXT-STOPPED',
    uncaught('java.lang.IllegalStateException: Cannot call methods on a stopped SparkContext.'),
  ],
  ['SPN-APPLICATION-NAME-TAKEN', kubeflow('failed to run spark-submit: pods "nightly-driver" already exists')],
  ['SPN-APPLICATION-SUBMISSION', kubeflow('failed to run spark-submit: something new')],
  [
    'SPN-APPLICATION-SUBMISSION',
    kubeflow('failed to run spark-submit for SparkApplication jobs/nightly: exit status 1'),
  ],
  ['SPN-APPLICATION-SUBMISSION', kubeflow('')],
  [
    'SPN-PERMISSION-FORBIDDEN',
    kubeflow(
      `failed to run spark-submit for SparkApplication jobs/nightly: ${info('A', 'b')}Exception in thread "main" io.fabric8.kubernetes.client.KubernetesClientException: Message: pods is forbidden: User "system:serviceaccount:jobs:spark" cannot create resource "pods" in API group "" in the namespace "jobs".\n`,
    ),
  ],
  ['SPN-APPLICATION-FAILED', kubeflow('driver pod not found', 'FAILED')],
  ['SPN-APPLICATION-FAILED', kubeflow('driver container failed with ExitCode: 1, Reason: Error', 'FAILING')],
  ['SPN-APPLICATION-FAILED', apache('Failed', 'the driver failed')],
  ['SPN-APPLICATION-FAILED', apache('SchedulingFailure', 'cannot create the driver')],
  ['SPN-APPLICATION-FAILED', apache('DriverReadyTimedOut', 'not ready')],
  ['SPN-NODE-EVICTED', apache('DriverEvicted', 'the driver was evicted')],
  ['SPN-MEMORY-CONTAINER-OOM', kubeflow('driver container failed with ExitCode: 137, Reason: OOMKilled', 'FAILED')],

  [
    'SPN-CONFIG-EXECUTORS-REFUSED',
    {
      ...running,
      log:
        contextStarted +
        `${error('Utils', 'Uncaught exception in thread x') + apiRefusal('policy: no latest tags')}\n`.repeat(3),
    },
  ],
  [
    'SPN-SCHEDULING-EXECUTORS-DIE',
    {
      ...running,
      log:
        contextStarted +
        error(
          'TaskSchedulerImpl',
          'Lost executor 7 on 10.0.0.9: The executor with id 7 exited with exit code 1(unexpected).',
        ).repeat(4),
    },
  ],
  ['SPN-CONFIG-INIT-CONTAINER', withInit({ terminated: { exitCode: 3, reason: 'Error' } })],
  [
    'SPN-CONFIG-INIT-CONTAINER',
    withInit({ waiting: { reason: 'CrashLoopBackOff' } }, { terminated: { exitCode: 1, reason: 'Error' } }),
  ],
  [
    'SPN-CONFIG-OTHER-CONTAINER',
    {
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
      spec: { containers: [{ name: 'spark-kubernetes-driver', args: ['driver'] }, { name: 'uploader' }] },
      status: {
        containerStatuses: [
          { name: 'spark-kubernetes-driver', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
          { name: 'uploader', state: { terminated: { exitCode: 2, reason: 'Error' } } },
        ],
      },
    },
  ],
  ['SPN-NODE-LATE-START', { ...pending, ageMs: 3 * 3_600_000 }],
  ['SPN-NODE-LATE-START', { ...withInit({ running: {} }), ageMs: 3 * 3_600_000 }],
  ['SPN-SCHEDULING-LATE', { ...unscheduled, spec: { nodeName: undefined }, ageMs: 3 * 3_600_000 }],
  ...['driver', 'driver-py'].map((command): readonly [FindingId, EvidenceCase] => [
    'SPN-IMAGE-ENTRYPOINT',
    {
      ...(command === 'driver' ? running : failedWith(127)),
      log: "+ echo 'Non-spark-on-k8s command provided, proceeding in pass-through mode...'\n+ exec /usr/bin/tini -s -- x\n",
      spec: { containers: [{ name: 'spark-kubernetes-driver', args: [command] }] },
    },
  ]),
  ['SPN-APPLICATION-EXCEPTION', uncaught('java.lang.IllegalArgumentException: bad config')],

  [
    'SPN-HANG-MAIN-RETURNED',
    {
      ...running,
      log: contextStarted,
      threads: [thread(1, 'DestroyJavaVM', 'RUNNABLE'), thread(2, 'OkHttp api.example', 'WAITING')],
    },
  ],
  [
    'SPN-HANG-NO-SPARK',
    { ...running, log: 'waiting for the token\n', state: { running: { startedAt: '2026-11-24T10:00:00Z' } } },
  ],
  ['SPN-HANG-DEADLOCK', { ...running, threads: [thread(1, 'main', 'BLOCKED', 2), thread(2, 'other', 'BLOCKED', 1)] }],
  ...['hung', 'failing'].map((state): readonly [FindingId, EvidenceCase] => [
    'SPN-HANG-BLOCKED-MAIN',
    {
      ...running,
      sidecar: { state: { running: {} } },
      report: { state, reason: 'unresponsive', detail: 'no answer' },
      threads: [thread(1, 'main', 'BLOCKED', 2), thread(2, 'other', 'RUNNABLE')],
    },
  ]),
  [
    'SPN-HANG-GC',
    {
      ...running,
      executors: [{ id: 'driver', addTime: '2026-11-24T11:50:00.000GMT', peakMemoryMetrics: { TotalGCTime: 400_000 } }],
    },
  ],
  [
    'SPN-HANG-SCHEDULER',
    { ...running, log: error('Utils', 'throw uncaught fatal error in thread dag-scheduler-event-loop') },
  ],
  ['SPN-HANG-MAIN-ENDED', { ...running, log: uncaughtException('java.lang.IllegalStateException: x') }],
  ['SPN-HANG-CLOSED-CONTEXT', { ...running, log: info('SparkContext', 'Successfully stopped SparkContext') }],
  [
    'SPN-HANG-RESTARTED',
    {
      ...running,
      lastState: failedWith(137).state as object,
      sidecar: { state: { running: {} }, lastState: { terminated: { exitCode: 88 } } },
      previousLog: '',
    },
  ],
  [
    'SPN-HANG-UNRESPONSIVE',
    {
      ...running,
      sidecar: { state: { running: {} } },
      report: { state: 'hung', reason: 'unresponsive', detail: '3 times no answer' },
    },
  ],

  ['SPN-EXIT-1', failedWith(1)],
  ['SPN-EXIT-50', failedWith(50)],
  ['SPN-EXIT-101', failedWith(101)],
  ['SPN-EXIT-124', failedWith(124)],
  ['SPN-EXIT-127', failedWith(127)],
  ['SPN-EXIT-134', failedWith(134)],
  ['SPN-EXIT-137', failedWith(137)],
  ['SPN-EXIT-139', failedWith(139)],
  ['SPN-EXIT-143', failedWith(143)],
  ['SPN-EXIT-OTHER', failedWith(42)],
  ['SPN-EXIT-1', { ...pending, ...failedWith(1), phase: 'Failed' }],
]
