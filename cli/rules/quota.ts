import { change, inspect, setConf } from '../findings/remedies.ts'
import type { LineOrigin } from '../log/line-origin.ts'
import { inLog } from '../log/matcher.ts'
import { inMessages, type Rule } from './rule.ts'
import { registration } from './scheduling.ts'

/** Spark keeps running if it cannot create an executor, and logs the rejection. */
const anywhere: readonly LineOrigin[] = ['uncaught', 'thread', 'error', 'printed', 'warning']
const seeQuota = inspect('Check the quota’s usage', 'kubectl -n {namespace} describe resourcequota')

const setDefault = change('Or set a default for what the quota requires, with a LimitRange')

const suppressed = [
  'SPN-EXIT-*',
  'SPN-APPLICATION-EXCEPTION',
  'SPN-APPLICATION-PYTHON',
  'SPN-APPLICATION-PY4J',
  'SPN-SCHEDULING-EXECUTORS',
] as const

/** Limits of the namespace. Sources of the messages: apiserver's resourcequota/controller.go, limitranger/admission.go (1.36). */
export const quotaRules: readonly Rule[] = [
  {
    id: 'SPN-QUOTA-EXCEEDED',
    cause: 'quota',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace’s quota is exhausted',
    detail: 'The quota {quota} is exhausted: requested {requested}, used {used}, limit {limited}',
    meaning: 'The API server rejects new driver and executor pods until other pods in the namespace end.',
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
        '1',
        'Request fewer executors (with dynamic allocation: spark.dynamicAllocation.maxExecutors)',
      ),
      change('Delete finished objects that still count against the quota, or raise the quota'),
    ],
  },
  {
    id: 'SPN-QUOTA-DEMANDS',
    cause: 'quota',
    severity: 'error',
    confidence: 'high',
    title: 'The namespace’s quota requires limits that the pod does not set',
    detail: 'The quota {quota} requires each container to set {resources}',
    meaning: 'A quota for limits.cpu rejects pods without a CPU limit, and Spark does not set one by default.',
    matchers: [
      inLog('failed quota: {quota}: must specify {resources}. Received status', anywhere),
      inLog('failed quota: {quota}: must specify {resources}', anywhere),
      inMessages('failed quota: {quota}: must specify {resources}'),
    ],
    resolvedBy: registration,
    statesWhileRunning: anywhere,
    explains: suppressed,
    remedies: [
      setConf('spark.kubernetes.driver.limit.cores', '1', 'If limits.cpu is missing: give the driver a CPU limit'),
      setConf(
        'spark.kubernetes.executor.limit.cores',
        '1',
        'Give the executors one too, because the quota counts them',
      ),
      setDefault,
    ],
    onExecutors: {
      when: 'logged',
      remedies: [
        setConf(
          'spark.kubernetes.executor.limit.cores',
          '1',
          'If limits.cpu is missing: give the executors a CPU limit',
        ),
        setDefault,
      ],
    },
  },
  {
    id: 'SPN-QUOTA-LIMIT-RANGE',
    cause: 'quota',
    severity: 'error',
    confidence: 'high',
    title: 'The pod violates the namespace’s LimitRange',
    detail: 'The pod violates the LimitRange: {bound} {resource} per {type} is {limit}',
    meaning: 'A LimitRange limits the resources that one container or pod may request.',
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
      inspect('Check the LimitRange', 'kubectl -n {namespace} describe limitrange'),
      change(
        'Set requests and limits within the LimitRange: spark.driver.memory, spark.executor.memory, request.cores and limit.cores',
      ),
    ],
  },
]
