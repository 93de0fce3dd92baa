import { change, inspect, rerun } from '../findings/remedies.ts'
import type { LineOrigin } from '../log/line-origin.ts'
import { inLog } from '../log/matcher.ts'
import { inMessages, type Matcher, type Rule } from './rule.ts'
import { registration } from './scheduling.ts'

/** Spark keeps running if it cannot create an executor, and logs the rejection. */
const anywhere: readonly LineOrigin[] = ['uncaught', 'thread', 'error', 'printed', 'warning']

/** The API server's message in the driver's log, in spark-submit's output, or in an Event. */
const serverSays = (text: string): readonly Matcher[] => [
  inLog(`${text}. Received status`, anywhere),
  inLog(text, anywhere),
  inMessages(`${text}. Received status`),
  inMessages(text),
]

const common = {
  severity: 'error',
  confidence: 'high',
  resolvedBy: registration,
  statesWhileRunning: anywhere,
  explains: [
    'SPN-EXIT-*',
    'SPN-APPLICATION-EXCEPTION',
    'SPN-APPLICATION-PYTHON',
    'SPN-APPLICATION-PY4J',
    'SPN-APPLICATION-SUBMISSION',
    'SPN-SCHEDULING-EXECUTORS',
  ],
} as const

/** The matchers of several messages. */
function anyOf(first: string, ...rest: readonly string[]): readonly [Matcher, ...Matcher[]] {
  const [one, ...others] = [first, ...rest].flatMap(serverSays)
  if (one === undefined) throw new Error('no message')
  return [one, ...others]
}

/**
 * What the API server answers when it does not create a pod, Service or ConfigMap. Sources of the messages: apiserver's
 * admission/plugin/webhook (errors/statuserror.go, generic/webhook.go), policy/validating; namespace/lifecycle; priority
 * admission; resourcequota/controller.go; util/flowcontrol; apimachinery's api/errors and api/validation (1.36).
 */
export const apiServerRules: readonly Rule[] = [
  {
    ...common,
    id: 'SPN-PERMISSION-ADMISSION',
    cause: 'permission',
    title: 'An admission webhook or policy of the cluster rejects the pods',
    detail: 'The admission of {webhook} rejects the pod: {why}',
    meaning:
      'The cluster’s owner allows only pods that a policy accepts. The message says what has to change in the pod.',
    matchers: anyOf(
      'admission webhook "{webhook}" denied the request: {why}',
      "ValidatingAdmissionPolicy '{webhook}' with binding {binding} denied request: {why}",
    ),
    remedies: [
      change(
        'Change the pod as the message asks, in the pod template or the SparkApplication, or ask for an exception',
      ),
      inspect(
        'List the webhooks and policies',
        'kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations',
      ),
    ],
  },
  {
    ...common,
    id: 'SPN-NETWORK-WEBHOOK',
    cause: 'network',
    title: 'The API server cannot call an admission webhook',
    detail: 'The API server cannot call the webhook {webhook}: {why}',
    meaning:
      'The webhook’s failurePolicy is Fail, so that no pod is created until the API server reaches it. The webhook’s pods are down, its certificate is wrong, or the network between them is blocked.',
    matchers: anyOf(
      'failed calling webhook "{webhook}": failed to call webhook: {why}',
      'failed calling webhook "{webhook}": {why}',
      'failed calling admission webhook "{webhook}": {why}',
    ),
    remedies: [
      inspect(
        'Find the webhook’s Service',
        'kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations',
      ),
      change('Repair the webhook’s Service, pods or certificate, or allow the API server to reach them'),
      rerun('Run it again when the webhook responds'),
    ],
  },
  {
    ...common,
    id: 'SPN-CONFIG-POD-INVALID',
    cause: 'config',
    title: 'The API server rejects the pod as invalid',
    detail: 'The API server rejects the pod as invalid: {why}',
    meaning: 'A field of the pod contradicts another one, or has a value that Kubernetes does not allow.',
    matchers: anyOf(
      'Pod "{name}" is invalid: {why}',
      'Service "{name}" is invalid: {why}',
      'ConfigMap "{name}" is invalid: {why}',
    ),
    remedies: [
      change('Correct the field that the message names, in the pod template, the SparkApplication or Spark’s settings'),
      inspect('Check the whole configuration', 'spark-nanny validate -n {namespace} {application}'),
    ],
  },
  {
    ...common,
    id: 'SPN-CONFIG-NAMESPACE',
    cause: 'config',
    title: 'The namespace does not exist, or is being deleted',
    meaning: 'Kubernetes creates nothing in a namespace that does not exist or is terminating.',
    matchers: anyOf('because it is being terminated', 'namespaces "{missing}" not found'),
    remedies: [
      inspect('Check the namespace', 'kubectl get namespace {namespace}'),
      change('Create the namespace, or use another one (spark.kubernetes.namespace)'),
    ],
  },
  {
    ...common,
    id: 'SPN-CONFIG-PRIORITY-CLASS',
    cause: 'config',
    title: 'The pod’s priority class does not exist',
    detail: 'The priority class {class} does not exist',
    meaning: 'Kubernetes rejects pods whose priorityClassName does not name a PriorityClass.',
    matchers: anyOf('no PriorityClass with name {class} was found'),
    remedies: [
      inspect('List the priority classes', 'kubectl get priorityclasses'),
      change('Correct priorityClassName in the pod template or the SparkApplication, or create the class'),
    ],
  },
  {
    ...common,
    id: 'SPN-CONFIG-TOO-LARGE',
    cause: 'config',
    title: 'An object is too large for Kubernetes',
    meaning:
      'Kubernetes stores at most 1 MiB in a ConfigMap and about 1.5 MiB in any object. Spark puts its configuration directory and its settings into a ConfigMap.',
    matchers: anyOf(
      'Too long: must have at most {limit} bytes',
      'Too long: may not be more than {limit} bytes',
      'etcdserver: request is too large',
      'Request entity too large: limit is {limit}',
    ),
    explains: [...common.explains, 'SPN-CONFIG-POD-INVALID'],
    remedies: [
      change('Remove large files from SPARK_CONF_DIR, and large values from the settings; mount them as volumes'),
    ],
  },
  {
    ...common,
    id: 'SPN-QUOTA-API-SERVER',
    cause: 'quota',
    title: 'The API server limits the rate of requests',
    meaning: 'The API server answered 429: it is overloaded, or its flow control limits this service account.',
    matchers: anyOf('the server has received too many requests', 'Too many requests, please try again later'),
    remedies: [
      change('Start fewer applications and executors at the same time'),
      rerun('Run it again when the API server has capacity'),
    ],
  },
  {
    ...common,
    id: 'SPN-QUOTA-CONFLICT',
    cause: 'quota',
    confidence: 'medium',
    title: 'Many objects were created at once in a namespace with a quota',
    detail: 'Many objects were created at once under the quota {quota}',
    meaning:
      'The API server could not book the pod on the quota, because others did so at the same time. Nothing is wrong with it.',
    matchers: anyOf('Operation cannot be fulfilled on resourcequotas "{quota}": the object has been modified'),
    remedies: [rerun('Run it again'), change('Start fewer applications and executors at the same time')],
  },
]
