import { change, inspect } from '../findings/remedies.ts'
import { inOutput } from '../log/matcher.ts'
import { inMessages, item, observed, type Rule, type RuleObservation, whilePending } from './rule.ts'

/** A container of the pod that waits for one of these reasons. */
const waitsFor = (...reasons: readonly string[]): RuleObservation =>
  observed(`a container that waits with ${reasons.join(' or ')}`, ({ pod }) => {
    for (const { name, image, state } of pod === undefined ? [] : [pod.driver, ...pod.others]) {
      if (state.kind !== 'waiting' || state.reason === null || !reasons.includes(state.reason)) continue
      const details: Record<string, string> = image === null ? {} : { image }
      return { evidence: [item('pod', `${name}: ${state.reason}: ${state.message ?? image ?? ''}`)], details }
    }
    return undefined
  })

/** While the image is being pulled in vain, what the runtime says of it. */
const pullSays = (text: string) => whilePending(text, 'Failed', 'BackOff')

const describePod = inspect('Read what the kubelet says of it', 'kubectl -n {namespace} describe pod {pod}')

/**
 * The image of the driver or of a container beside it. Reasons: pkg/kubelet/images/types.go,
 * kuberuntime_container.go (1.36); sentences: containerd's remotes/docker, registries' error codes of the OCI
 * distribution specification.
 */
export const imageRules: readonly Rule[] = [
  {
    id: 'SPN-IMAGE-NAME',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The name of the image is not a valid one',
    detail: 'The name of the image is not a valid one: {image}',
    meaning:
      'The kubelet cannot even ask for it: capitals, blanks or a missing part in spark.kubernetes.container.image.',
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
    title: 'The registry has no such image',
    meaning: 'The repository or the tag does not exist, or the registry hides from an anonymous caller that it does.',
    matchers: [
      pullSays('failed to resolve reference "{image}": {image}: not found'),
      pullSays('manifest unknown'),
      pullSays(': not found'),
      pullSays('repository does not exist'),
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
    title: 'The registry refuses to give the image',
    meaning: 'The pull needs credentials that the pod or its service account does not have, or they have expired.',
    matchers: [
      pullSays('401 Unauthorized'),
      pullSays('403 Forbidden'),
      pullSays('pull access denied'),
      pullSays('no basic auth credentials'),
      pullSays('authorization failed'),
      pullSays('unauthorized: '),
      pullSays('insufficient_scope'),
    ],
    explains: ['SPN-IMAGE-PULL', 'SPN-IMAGE-NOT-FOUND'],
    remedies: [
      change('Name a pull secret in spark.kubernetes.container.image.pullSecrets (spec.imagePullSecrets)'),
      inspect(
        'See what the service account brings',
        'kubectl -n {namespace} get serviceaccount {serviceAccount} -o yaml',
      ),
    ],
  },
  {
    id: 'SPN-IMAGE-REGISTRY',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The registry cannot be reached, or asks for patience',
    meaning:
      'The node could not connect to the registry, does not trust its certificate, or has pulled more than the registry allows.',
    matchers: [
      pullSays('connect: connection refused'),
      pullSays('no such host'),
      pullSays('i/o timeout'),
      pullSays('x509: '),
      pullSays('toomanyrequests'),
      pullSays('429 Too Many Requests'),
      pullSays('server gave HTTP response to HTTPS client'),
      pullSays('TLS handshake timeout'),
      pullSays('503 Service Unavailable'),
    ],
    explains: ['SPN-IMAGE-PULL'],
    remedies: [
      change('Correct the registry’s name in spark.kubernetes.container.image, or the node’s way to it'),
      inspect(
        'See whether other pods of the node pull from it',
        'kubectl get events -A --field-selector reason=Failed',
      ),
    ],
  },
  {
    id: 'SPN-IMAGE-NEVER',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The image is not on the node, and its policy is never to pull it',
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
    meaning: 'The kubelet tries again with growing pauses; until it succeeds the driver does not start.',
    matchers: [waitsFor('ErrImagePull', 'ImagePullBackOff', 'ImageInspectError')],
    remedies: [
      describePod,
      change('Correct spark.kubernetes.container.image (spec.image), or the access to its registry'),
    ],
  },
  {
    id: 'SPN-IMAGE-COMMAND',
    cause: 'image',
    severity: 'error',
    confidence: 'high',
    title: 'The image cannot run what it is asked to',
    detail: 'The image cannot run {command}',
    meaning: 'The command or entrypoint does not exist in the image, cannot be executed, or is for another processor.',
    matchers: [
      inMessages('exec: "{command}": executable file not found in $PATH'),
      inMessages('exec: "{command}": stat …: no such file or directory'),
      inMessages('exec: "{command}": permission denied'),
      inMessages('exec {command}: no such file or directory'),
      inMessages('exec {command}: exec format error'),
      inOutput('^exec {command}: exec format error'),
      inOutput('cannot execute binary file: Exec format error'),
      waitsFor('RunContainerError', 'CreateContainerError'),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      change('Take an image with Spark’s entrypoint (/opt/entrypoint.sh), built for the node’s processor'),
      describePod,
    ],
  },
]
