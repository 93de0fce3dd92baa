import { pullFailedReasons, runtimeErrorReasons } from '../../core/contract/waiting-reasons.ts'
import { change, inspect } from '../findings/remedies.ts'
import { inLog, inOutput } from '../log/matcher.ts'
import { inMessages, item, observed, type Rule, type RuleObservation, whilePending } from './rule.ts'

/** Findings that follow from a program that did not start. */
const programEnds = [
  'SPN-EXIT-*',
  'SPN-APPLICATION-EXCEPTION',
  'SPN-APPLICATION-PYTHON',
  'SPN-APPLICATION-PY4J',
] as const

/** Matches a container of the pod that waits with one of these reasons. */
const waitsFor = (...reasons: readonly string[]): RuleObservation =>
  observed(`a container waits with ${reasons.join(' or ')}`, ({ pod }) => {
    for (const { name, image, state } of pod === undefined ? [] : [pod.driver, ...pod.others]) {
      if (state.kind !== 'waiting' || state.reason === null || !reasons.includes(state.reason)) continue
      const details: Record<string, string> = image === null ? {} : { image }
      return { evidence: [item('pod', `${name}: ${state.reason}: ${state.message ?? image ?? ''}`)], details }
    }
    return undefined
  })

/** Matches the container runtime's error message while the image pull fails. */
const pullError = (text: string) => whilePending(text, 'Failed', 'BackOff')

const describePod = inspect('Read the kubelet’s messages about the pod', 'kubectl -n {namespace} describe pod {pod}')

/**
 * The image of the driver or of another container of the pod. Sources of the reasons: pkg/kubelet/images/types.go,
 * kuberuntime_container.go (1.36). Sources of the messages: containerd's remotes/docker, and the registry error codes of
 * the OCI distribution specification.
 */
export const imageRules: readonly Rule[] = [
  {
    id: 'SPN-IMAGE-NAME',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The image name is invalid',
    detail: 'The image name is invalid: {image}',
    meaning:
      'The kubelet cannot parse spark.kubernetes.container.image. It contains capital letters or spaces, or a part is missing.',
    matchers: [
      waitsFor('InvalidImageName'),
      whilePending('Failed to apply default image tag "{image}"', 'InspectFailed'),
    ],
    explains: ['SPN-IMAGE-PULL'],
    remedies: [change('Correct spark.kubernetes.container.image (spec.image)')],
  },
  {
    id: 'SPN-IMAGE-NOT-FOUND',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The image does not exist in the registry',
    meaning: 'The repository or the tag does not exist, or the registry hides it from unauthenticated clients.',
    matchers: [
      pullError('failed to resolve reference "{image}": {image}: not found'),
      pullError('manifest unknown'),
      pullError(': not found'),
      pullError('repository does not exist'),
    ],
    explains: ['SPN-IMAGE-PULL'],
    remedies: [
      change('Push the image, or correct the name and tag in spark.kubernetes.container.image (spec.image)'),
      describePod,
    ],
  },
  {
    id: 'SPN-IMAGE-ACCESS',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The registry denied access to the image',
    meaning: 'The pod and its service account have no credentials for the registry, or the credentials have expired.',
    matchers: [
      pullError('401 Unauthorized'),
      pullError('403 Forbidden'),
      pullError('pull access denied'),
      pullError('no basic auth credentials'),
      pullError('authorization failed'),
      pullError('unauthorized: '),
      pullError('insufficient_scope'),
    ],
    explains: ['SPN-IMAGE-PULL', 'SPN-IMAGE-NOT-FOUND'],
    remedies: [
      change('Set a pull secret in spark.kubernetes.container.image.pullSecrets (spec.imagePullSecrets)'),
      inspect(
        'Check the pull secrets of the service account',
        'kubectl -n {namespace} get serviceaccount {serviceAccount} -o yaml',
      ),
    ],
  },
  {
    id: 'SPN-IMAGE-REGISTRY',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The registry is unreachable or limits requests',
    meaning:
      'The node cannot connect to the registry, does not trust its certificate, or exceeded the registry’s rate limit.',
    matchers: [
      pullError('connect: connection refused'),
      pullError('no such host'),
      pullError('i/o timeout'),
      pullError('x509: '),
      pullError('toomanyrequests'),
      pullError('429 Too Many Requests'),
      pullError('server gave HTTP response to HTTPS client'),
      pullError('TLS handshake timeout'),
      pullError('503 Service Unavailable'),
    ],
    explains: ['SPN-IMAGE-PULL'],
    remedies: [
      change('Correct the registry’s name in spark.kubernetes.container.image, or fix the node’s connection to it'),
      inspect(
        'Check whether image pulls of other pods fail too',
        'kubectl get events -A --field-selector reason=Failed',
      ),
    ],
  },
  {
    id: 'SPN-IMAGE-NEVER',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The image is not on the node, and the pull policy is Never',
    meaning: 'spark.kubernetes.container.image.pullPolicy is Never.',
    matchers: [
      waitsFor('ErrImageNeverPull'),
      whilePending('is not present with pull policy of Never', 'ErrImageNeverPull'),
    ],
    explains: ['SPN-IMAGE-PULL'],
    remedies: [change('Set spark.kubernetes.container.image.pullPolicy to IfNotPresent, or correct the image’s name')],
  },
  {
    id: 'SPN-IMAGE-PULL',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The image cannot be pulled',
    meaning: 'The kubelet retries with increasing delays. The driver does not start until the pull succeeds.',
    matchers: [waitsFor(...pullFailedReasons)],
    remedies: [
      describePod,
      change('Correct spark.kubernetes.container.image (spec.image), or the access to the registry'),
    ],
  },
  {
    id: 'SPN-IMAGE-COMMAND',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The image cannot run the container’s command',
    detail: 'The image cannot run {command}',
    meaning:
      'The command or entrypoint does not exist in the image, is not executable, or was built for another CPU architecture.',
    matchers: [
      inMessages('exec: "{command}": executable file not found in $PATH'),
      inMessages('exec: "{command}": stat …: no such file or directory'),
      inMessages('exec: "{command}": permission denied'),
      inMessages('exec {command}: no such file or directory'),
      inMessages('exec {command}: exec format error'),
      inOutput('^exec {command}: exec format error'),
      inOutput('exec user process caused: '),
      inOutput('cannot execute binary file: Exec format error'),
      waitsFor(...runtimeErrorReasons),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      change('Use an image with Spark’s entrypoint (/opt/entrypoint.sh), built for the node’s CPU architecture'),
      describePod,
    ],
  },
  {
    id: 'SPN-IMAGE-PROGRAM',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The image lacks a program that the driver runs',
    detail: 'The image lacks the program {command}',
    meaning:
      'A shell, tini or the driver did not find the program in the image. Spark’s entry point knows driver, driver-py and driver-r only in the version of Spark that they belong to.',
    matchers: [
      inOutput('exec {command} failed: No such file or directory'),
      inOutput(': line {number}: {command}: command not found'),
      inOutput('^/bin/sh: {number}: {command}: not found'),
      inOutput('.sh: {number}: {command}: not found'),
      inOutput('.sh: line {number}: {command}: not found'),
      inOutput('^sh: {command}: not found'),
      inOutput(': line {number}: exec: {command}: not found'),
      inOutput("/usr/bin/env: '{command}': No such file or directory"),
      inOutput('/usr/bin/env: ‘{command}’: No such file or directory'),
      inOutput('env: {command}: No such file or directory'),
      inOutput(': line {number}: {command}: No such file or directory'),
      inLog('Cannot run program "{command}": error=2'),
      inLog('Cannot run program "{command}": Exec failed, error: 2'),
      inLog('Cannot run program "{command}" (in directory {dir}): error=2'),
    ],
    explains: [...programEnds, 'SPN-IMAGE-COMMAND'],
    remedies: [
      change('Use an image that contains the program, or set its path (JAVA_HOME, spark.pyspark.python)'),
      change(
        'If the program is driver-py or driver-r: use an image of the Spark version that submits, or a newer operator',
      ),
    ],
  },
  {
    id: 'SPN-IMAGE-JAVA-HOME',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'JAVA_HOME is not set, so that Spark’s scripts do not find Java',
    meaning: 'Spark’s scripts start the JVM from JAVA_HOME, else from the PATH. The image sets neither.',
    matchers: [inOutput('JAVA_HOME is not set')],
    explains: programEnds,
    remedies: [change('Use an image with Java, and set JAVA_HOME in it (ENV JAVA_HOME in the Dockerfile)')],
  },
  {
    id: 'SPN-IMAGE-LIBRARY',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'A native library does not fit the image',
    detail: 'A native library does not fit the image: {why}',
    meaning:
      'The library was built for another C library or CPU architecture (glibc and musl, amd64 and arm64), or the image lacks it.',
    matchers: [
      inOutput("version `{why}' not found"),
      inOutput('version ‘{why}’ not found'),
      inOutput('error while loading shared libraries: {why}'),
      inLog("version `{why}' not found"),
      inLog('^java.lang.UnsatisfiedLinkError: {why}'),
      inLog('^ImportError: {why}: cannot open shared object file'),
      inLog('^OSError: {why}: cannot open shared object file'),
    ],
    explains: [
      ...programEnds,
      'SPN-CLASSPATH-PYTHON-MODULE',
      'SPN-CLASSPATH-INITIALIZER',
      'SPN-APPLICATION-JOB-ABORTED',
    ],
    remedies: [
      change('Use an image whose C library is new enough, or a version of the library that was built for the image'),
      inspect(
        'Check the image’s system',
        'kubectl -n {namespace} run look --rm -i --restart=Never --image={image} -- cat /etc/os-release',
      ),
    ],
  },
]
