import { change, inspect, setConf } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import { item, observed, type Rule, whilePending } from './rule.ts'

/** What the scheduler says of a pod that no node takes. */
const unschedulable = (text: string) => whilePending(text, 'FailedScheduling')

const describe = inspect('Read all that the scheduler says', 'kubectl -n {namespace} describe pod {pod}')
const nodes = inspect('Compare with what nodes have left', 'kubectl describe nodes | grep -A8 "Allocated resources"')

/** TaskSchedulerImpl says so every 15 seconds while it starves. */
const starving = inLog('Initial job has not accepted any resources', ['warning'])
/** An executor came: what kept others away before is past. */
export const registration = inLog('Registered executor NettyRpcEndpointRef', ['info'])

/** Lines that observations of this family count. */
export const schedulingLines = [starving, registration] as const

/** No node for the driver. Sentences: pkg/scheduler/framework/plugins of Kubernetes 1.36, `ErrReason…`, and types.go. */
export const schedulingRules: readonly Rule[] = [
  {
    id: 'SPN-SCHEDULING-CPU',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node has enough free CPU for the driver',
    meaning:
      'The request (spark.kubernetes.driver.request.cores, else spark.driver.cores) is more than what is left on any node that would do.',
    matchers: [unschedulable('Insufficient cpu')],
    remedies: [
      setConf('spark.kubernetes.driver.request.cores', '1', 'Ask for less CPU, if the driver does with it'),
      nodes,
      change('Add nodes, or free some'),
    ],
  },
  {
    id: 'SPN-SCHEDULING-MEMORY',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node has enough free memory for the driver',
    meaning: 'The request is spark.driver.memory plus its overhead, plus what the sidecar asks for.',
    matchers: [unschedulable('Insufficient memory')],
    remedies: [
      change('Ask for less by spark.driver.memory and spark.driver.memoryOverhead, if the driver does with it'),
      nodes,
      change('Add larger nodes'),
    ],
  },
  {
    id: 'SPN-SCHEDULING-RESOURCE',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node has a resource that the driver asks for',
    detail: 'No node has enough {resource} for the driver',
    meaning:
      'Ephemeral storage, GPUs or another device are asked for and not to be had; or all nodes run as many pods as they may.',
    matchers: [
      unschedulable('Insufficient ephemeral-storage'),
      unschedulable('Insufficient {resource}.com/'),
      unschedulable('Insufficient nvidia'),
      unschedulable('Too many pods'),
      unschedulable("node(s) didn't have free ports for the requested pod ports"),
    ],
    remedies: [nodes, describe, change('Ask for less of it, or add nodes that have it')],
  },
  {
    id: 'SPN-SCHEDULING-TAINT',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'Nodes that would do have taints that the driver does not tolerate',
    meaning:
      'A taint keeps pods away that do not tolerate it. Spark has no setting for tolerations: they come from a pod template or from the SparkApplication.',
    matchers: [unschedulable('untolerated taint'), unschedulable("node(s) had taints that the pod didn't tolerate")],
    remedies: [
      inspect('List the taints', 'kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints'),
      change('Add the toleration to spark.kubernetes.driver.podTemplateFile (spec.driver.tolerations)'),
    ],
  },
  {
    id: 'SPN-SCHEDULING-AFFINITY',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'high',
    title: 'No node has the labels, or the company, that the driver wants',
    meaning: 'The node selector, node affinity, pod affinity or spread constraints leave no node.',
    matchers: [
      unschedulable("node(s) didn't match Pod's node affinity/selector"),
      unschedulable("node(s) didn't match pod affinity rules"),
      unschedulable("node(s) didn't match pod anti-affinity rules"),
      unschedulable("node(s) didn't satisfy existing pods anti-affinity rules"),
      unschedulable("node(s) didn't match pod topology spread constraints"),
      unschedulable("node(s) didn't match the requested node name"),
    ],
    remedies: [
      inspect('List the labels', 'kubectl get nodes --show-labels'),
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
    title: 'Nodes are cordoned, or there are none',
    meaning: 'Nodes are being drained or upgraded, or a node pool is scaled to nothing and does not grow.',
    matchers: [
      unschedulable('node(s) were unschedulable'),
      unschedulable('no nodes available to schedule pods'),
      unschedulable('0/0 nodes are available'),
    ],
    remedies: [
      inspect('See the nodes', 'kubectl get nodes'),
      change('kubectl uncordon what may be used again, or add nodes'),
    ],
  },
  {
    id: 'SPN-SCHEDULING-GATED',
    cause: 'scheduling',
    severity: 'error',
    confidence: 'medium',
    title: 'The driver waits to be let into a queue',
    meaning:
      'The pod has scheduling gates, or its pod group is not complete: Kueue, Volcano or YuniKorn holds it back until its queue has room.',
    matchers: [
      observed('a pod whose condition PodScheduled has reason SchedulingGated', ({ pod, state }) => {
        const gated = pod?.conditions.find(
          ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
        )
        if (state !== 'pending' || gated === undefined) return undefined
        return { evidence: [item('pod', `PodScheduled: SchedulingGated: ${gated.message ?? ''}`)] }
      }),
    ],
    remedies: [
      inspect('See what holds the pod', 'kubectl -n {namespace} get pod {pod} -o jsonpath={.spec.schedulingGates}'),
    ],
  },
  {
    id: 'SPN-SCHEDULING-EXECUTORS',
    cause: 'scheduling',
    severity: 'warning',
    confidence: 'medium',
    title: 'The driver gets no executors',
    meaning:
      'A job waits since no executor has registered. The driver is well; its executors are not scheduled, not allowed, or cannot reach it.',
    matchers: [
      observed(
        '“Initial job has not accepted any resources” four times or more, a minute, with no executor after it',
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
        'See the executors',
        'kubectl -n {namespace} get pods -l spark-role=executor',
        'kubectl -n {namespace} get events --sort-by=.lastTimestamp',
      ),
    ],
  },
]
