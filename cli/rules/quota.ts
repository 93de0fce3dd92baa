import { change, inspect, setConf } from '../findings/remedies.ts'
import type { LineOrigin } from '../log/line-origin.ts'
import { inLog } from '../log/matcher.ts'
import { inMessages, type Rule } from './rule.ts'
import { registration } from './scheduling.ts'

/** Spark goes on without an executor that it may not create, and says so in a record. */
const anywhere: readonly LineOrigin[] = ['uncaught', 'thread', 'error', 'printed', 'warning']
const seeQuota = inspect('See what is used of it', 'kubectl -n {namespace} describe resourcequota')

const suppressed = [
  'SPN-EXIT-*',
  'SPN-APPLICATION-EXCEPTION',
  'SPN-APPLICATION-PYTHON',
  'SPN-APPLICATION-PY4J',
  'SPN-SCHEDULING-EXECUTORS',
] as const

/** What the namespace does not allow. Sentences: apiserver's resourcequota/controller.go, limitranger/admission.go (1.36). */
export const quotaRules: readonly Rule[] = [
  {
    id: 'SPN-QUOTA-EXCEEDED',
    cause: 'quota',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace’s quota is used up',
    detail: 'The quota {quota} is used up: asked for {requested}, used {used} of {limited}',
    meaning:
      'The API server refuses each further pod, of the driver or of its executors, until something else in the namespace ends.',
    matchers: [
      inLog(
        'exceeded quota: {quota}, requested: {requested}, used: {used}, limited: {limited}. Received status',
        anywhere,
      ),
      inLog('exceeded quota: {quota}, requested: {requested}, used: {used}, limited: {limited}', anywhere),
      inMessages('exceeded quota: {quota}, requested: {requested}, used: {used}, limited: {limited}'),
    ],
    resolvedBy: registration,
    statesWhileRunning: anywhere,
    explains: suppressed,
    remedies: [
      seeQuota,
      setConf(
        'spark.executor.instances',
        'FEWER',
        'Ask for fewer executors (spark.dynamicAllocation.maxExecutors when it is on)',
      ),
      change('Delete what has ended and still counts, or raise the quota'),
    ],
  },
  {
    id: 'SPN-QUOTA-DEMANDS',
    cause: 'quota',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace’s quota demands limits that the pod does not have',
    detail: 'The quota {quota} demands that each container has {resources}',
    meaning: 'A quota over limits.cpu refuses pods without a CPU limit, and Spark sets none unless asked to.',
    matchers: [
      inLog('failed quota: {quota}: must specify {resources}. Received status', anywhere),
      inLog('failed quota: {quota}: must specify {resources}', anywhere),
      inMessages('failed quota: {quota}: must specify {resources}'),
    ],
    resolvedBy: registration,
    statesWhileRunning: anywhere,
    explains: suppressed,
    remedies: [
      setConf('spark.kubernetes.driver.limit.cores', '1', 'Give the driver a CPU limit'),
      setConf('spark.kubernetes.executor.limit.cores', '1', 'Give executors one too'),
      change('Or let a LimitRange set the default'),
    ],
  },
  {
    id: 'SPN-QUOTA-LIMIT-RANGE',
    cause: 'quota',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace’s LimitRange does not allow pods of this size',
    detail: 'The LimitRange does not allow it: {bound} {resource} per {type} is {limit}',
    meaning: 'A LimitRange bounds what one container or pod may ask for.',
    matchers: [
      inLog('is forbidden: {bound} {resource} usage per {type} is {limit}, but ', anywhere),
      inMessages('is forbidden: {bound} {resource} usage per {type} is {limit}, but '),
      inLog('is forbidden: [{bound} {resource} usage per {type} is {limit}, but ', anywhere),
      inLog('is forbidden: {bound} {resource} usage per {type} is {limit}.  No ', anywhere),
    ],
    resolvedBy: registration,
    statesWhileRunning: anywhere,
    explains: suppressed,
    remedies: [
      inspect('See the bounds', 'kubectl -n {namespace} describe limitrange'),
      change(
        'Bring the request within them: spark.driver.memory, spark.executor.memory, request.cores and limit.cores',
      ),
    ],
  },
]
