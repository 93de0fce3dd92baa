import { change, inspect, setConf } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import { item, observed, type Rule, whilePending } from './rule.ts'

/** Matches the scheduler's reason why no node accepts the pod. */
const unschedulable = (text: string) => whilePending(text, 'FailedScheduling')

const describe = inspect('Read the scheduler’s messages', 'kubectl -n {namespace} describe pod {pod}')
const nodes = inspect(
  'Compare the request with the free resources of the nodes',
  'kubectl describe nodes | grep -A8 "Allocated resources"',
)

/** TaskSchedulerImpl logs this every 15 seconds while no executor is available. */
const starving = inLog('Initial job has not accepted any resources', ['warning'])
/** An executor registered, so an earlier problem with executors is resolved. */
export const registration = inLog('Registered executor NettyRpcEndpointRef', ['info'])

/** Log lines that the observations in this file count. */
export const schedulingLines = [starving, registration] as const

/** No node accepts the driver. Sources of the messages: pkg/scheduler/framework/plugins of Kubernetes 1.36 (`ErrReason…`) and types.go. */
export const schedulingRules: readonly Rule[] = [
  {
    id: 'SPN-SCHEDULING-CPU',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node has enough free CPU for the driver',
    meaning:
      'The CPU request (spark.kubernetes.driver.request.cores, or spark.driver.cores if not set) is larger than the free CPU on every eligible node.',
    matchers: [unschedulable('Insufficient cpu')],
    remedies: [
      setConf('spark.kubernetes.driver.request.cores', '1', 'Request less CPU, if that is enough for the driver'),
      nodes,
      change('Add nodes, or free CPU on existing nodes'),
    ],
  },
  {
    id: 'SPN-SCHEDULING-MEMORY',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node has enough free memory for the driver',
    meaning:
      'The memory request is larger than the free memory on every eligible node. It is spark.driver.memory plus its overhead, plus the sidecar’s request.',
    matchers: [unschedulable('Insufficient memory')],
    remedies: [
      change('Lower spark.driver.memory or spark.driver.memoryOverhead, if that is enough for the driver'),
      nodes,
      change('Add larger nodes'),
    ],
  },
  {
    id: 'SPN-SCHEDULING-RESOURCE',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node has a resource that the driver requests',
    detail: 'No node has enough {resource} for the driver',
    meaning:
      'The driver requests ephemeral storage, GPUs or another device that no node has free, or all nodes run their maximum number of pods.',
    matchers: [
      unschedulable('Insufficient ephemeral-storage'),
      unschedulable('Insufficient {resource}.com/'),
      unschedulable('Insufficient nvidia'),
      unschedulable('Too many pods'),
      unschedulable("node(s) didn't have free ports for the requested pod ports"),
    ],
    remedies: [nodes, describe, change('Request less of the resource, or add nodes that have it')],
  },
  {
    id: 'SPN-SCHEDULING-TAINT',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'The driver does not tolerate the taints of the available nodes',
    meaning:
      'Nodes reject pods that do not tolerate their taints. Spark has no setting for tolerations. Set them in the pod template or in the SparkApplication.',
    matchers: [unschedulable('untolerated taint'), unschedulable("node(s) had taints that the pod didn't tolerate")],
    remedies: [
      inspect(
        'List the taints of the nodes',
        'kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints',
      ),
      change('Add the toleration to the file in spark.kubernetes.driver.podTemplateFile (spec.driver.tolerations)'),
    ],
  },
  {
    id: 'SPN-SCHEDULING-AFFINITY',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node matches the driver’s node selector or affinity',
    meaning: 'No node satisfies the node selector, node affinity, pod affinity or topology spread constraints.',
    matchers: [
      unschedulable("node(s) didn't match Pod's node affinity/selector"),
      unschedulable("node(s) didn't match pod affinity rules"),
      unschedulable("node(s) didn't match pod anti-affinity rules"),
      unschedulable("node(s) didn't satisfy existing pods anti-affinity rules"),
      unschedulable("node(s) didn't match pod topology spread constraints"),
      unschedulable("node(s) didn't match the requested node name"),
    ],
    remedies: [
      inspect('List the labels of the nodes', 'kubectl get nodes --show-labels'),
      change(
        'Correct spark.kubernetes.driver.node.selector.* (spec.driver.nodeSelector) or the affinity of the pod template',
      ),
    ],
  },
  {
    id: 'SPN-SCHEDULING-CORDONED',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'All nodes are cordoned, or there are no nodes',
    meaning: 'The nodes are being drained or upgraded, or a node pool is scaled to zero and does not grow.',
    matchers: [
      unschedulable('node(s) were unschedulable'),
      unschedulable('no nodes available to schedule pods'),
      unschedulable('0/0 nodes are available'),
    ],
    remedies: [
      inspect('List the nodes', 'kubectl get nodes'),
      change('Uncordon nodes that can be used again (kubectl uncordon), or add nodes'),
    ],
  },
  {
    id: 'SPN-SCHEDULING-GATED',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'medium',
    title: 'The driver is waiting for admission to a queue',
    meaning: 'The pod has scheduling gates: Kueue, Volcano or YuniKorn holds the pod until its queue has capacity.',
    matchers: [
      observed('the pod’s condition PodScheduled has reason SchedulingGated', ({ pod, state }) => {
        const gated = pod?.conditions.find(
          ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
        )
        if (state !== 'pending' || gated === undefined) return undefined
        return { evidence: [item('pod', `PodScheduled: SchedulingGated: ${gated.message ?? ''}`)] }
      }),
    ],
    remedies: [
      inspect(
        'Check which scheduling gates hold the pod',
        "kubectl -n {namespace} get pod {pod} -o 'jsonpath={.spec.schedulingGates}'",
      ),
    ],
  },
  {
    id: 'SPN-SCHEDULING-EXECUTORS',
    cause: 'scheduling',
    severity: 'warning',
    confidence: 'medium',
    title: 'The driver gets no executors',
    meaning:
      'A job is waiting because no executor has registered. The driver itself is healthy. Its executors are not scheduled, are rejected, or cannot connect to the driver.',
    matchers: [
      observed(
        '“Initial job has not accepted any resources” at least four times (one minute), and no executor registered afterwards',
        ({ log }) => {
          const starved = log?.hits.get(starving)
          const registered = log?.hits.get(registration)?.last.number ?? 0
          if (starved === undefined || starved.count < 4 || registered > starved.last.number) return undefined
          const { number, text } = starved.last
          return { evidence: [{ source: 'driver.log', line: number, excerpt: text, count: starved.count }] }
        },
      ),
    ],
    statesWhileRunning: ['warning'],
    remedies: [
      inspect(
        'Check the executors and their events',
        'kubectl -n {namespace} get pods -l spark-role=executor',
        'kubectl -n {namespace} get events --sort-by=.lastTimestamp',
      ),
    ],
  },
]
