import { valueIn } from '../evidence/evidence.ts'
import { change, inspect, rerun } from '../findings/remedies.ts'
import { disruption, nodeEvent, notReady } from './node-detectors.ts'
import { inMessages, item, observed, type Rule } from './rule.ts'

const seeNode = inspect('See the node', 'kubectl describe node {node}')
const off = change(
  'When the machine is surely off, taint its node with node.kubernetes.io/out-of-service, so that its pods are let go; until then the driver may run on there, and a second one would write too',
)
const again = rerun('Run it again: the application is not at fault')

/**
 * What the node or the cluster did to the pod. Reasons: pkg/kubelet/eviction, lifecycle/predicate.go, nodeshutdown,
 * controller/tainteviction and podgc, scheduler/framework/preemption (1.36); AWS node termination handler's events.
 */
export const nodeRules: readonly Rule[] = [
  {
    id: 'SPN-NODE-EVICTED',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The node was short of something and evicted the driver',
    detail: 'The node was low on {resource} and evicted the driver',
    meaning:
      'The kubelet ends pods when memory, disk or process ids run out, those first that use more than they asked for.',
    matchers: [
      inMessages('The node was low on resource: {resource}. ', ['pod', 'event']),
      inMessages('The node had condition: [{resource}]', ['pod', 'event']),
      observed('a pod that failed with reason Evicted', ({ pod }) =>
        pod?.reason === 'Evicted' ? { evidence: [item('pod', `Evicted: ${pod.message ?? ''}`)] } : undefined,
      ),
    ],
    explains: ['SPN-EXIT-*', 'SPN-NODE-PRESSURE'],
    remedies: [again, change('Let the driver ask for what it uses: requests equal to limits'), seeNode],
  },
  {
    id: 'SPN-NODE-PREEMPTED',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The driver had to make room for a pod of higher priority',
    meaning: 'The scheduler preempted it. Drivers should have a higher priority class than their executors.',
    matchers: [
      observed(
        'the condition DisruptionTarget with reason PreemptionByScheduler, or an event Preempted',
        (facts) =>
          disruption(facts, 'PreemptionByScheduler') ?? nodeEvent(facts, /^Preempt(ed|ing)$/, /^Preempted by /),
      ),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      again,
      change('Give drivers a PriorityClass of their own in the pod template (spec.driver.priorityClassName)'),
    ],
  },
  {
    id: 'SPN-NODE-SHUTDOWN',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The node was shut down, as a spot instance or for maintenance',
    meaning: 'The machine under the driver went away on purpose.',
    matchers: [
      inMessages('Pod was terminated in response to imminent node shutdown', ['pod', 'event']),
      inMessages('Pod was rejected as the node is shutting down', ['pod', 'event']),
      observed('a pod reason NodeShutdown, or an event of a spot interruption', (facts) => {
        const { pod, exit } = facts
        if (pod?.reason === 'NodeShutdown') return { evidence: [item('pod', `NodeShutdown: ${pod.message ?? ''}`)] }
        // A notice ends nobody: it explains a driver that a signal ended, or of which the end was not seen.
        if (exit !== null && exit.exitCode <= 128) return undefined
        return nodeEvent(facts, /^(SpotInterruption|PreemptScheduled|TerminateScheduled)$/, /./)
      }),
    ],
    explains: ['SPN-EXIT-*', 'SPN-NODE-LOST', 'SPN-NODE-TAINTED', 'SPN-NODE-NOT-READY'],
    remedies: [again, change('Keep drivers on nodes that stay: spark.kubernetes.driver.node.selector.*')],
  },
  {
    id: 'SPN-NODE-TAINTED',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The driver was evicted by a taint of its node',
    meaning:
      'The node became unreachable or not ready for longer than the pod tolerates (5 minutes), or an administrator put a NoExecute taint on it.',
    matchers: [
      observed(
        'the condition DisruptionTarget with reason DeletionByTaintManager, or an event TaintManagerEviction',
        (facts) => {
          const newest = nodeEvent(facts, /^TaintManagerEviction$/, /./)
          // The node may have come back, and the deletion been cancelled.
          const stands = newest?.evidence[0].excerpt.includes(': Marking for deletion') === true
          return disruption(facts, 'DeletionByTaintManager') ?? (stands ? newest : undefined)
        },
      ),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [again, seeNode],
  },
  {
    id: 'SPN-NODE-API-EVICTION',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The driver was evicted on request: its node is being drained',
    meaning:
      'kubectl drain, an upgrade or the cluster autoscaler asked for it, and no PodDisruptionBudget spoke against it.',
    matchers: [
      observed(
        'the condition DisruptionTarget with reason EvictionByEvictionAPI',
        (facts) =>
          disruption(facts, 'EvictionByEvictionAPI') ??
          nodeEvent(facts, /^(ScaleDown|Evicted|Drain)/, /^(deleting pod for node scale down|Evicted pod)/),
      ),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      again,
      change(
        'Keep the autoscaler away: annotation cluster-autoscaler.kubernetes.io/safe-to-evict: "false" on the driver',
      ),
    ],
  },
  {
    id: 'SPN-NODE-LOST',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s node is gone',
    meaning: 'The node stopped reporting or was removed, and what became of the container is not known.',
    matchers: [
      observed(
        'a pod reason NodeLost, a container reason ContainerStatusUnknown, or the condition DeletionByPodGC',
        (facts) => {
          const { pod, exit } = facts
          if (pod?.reason === 'NodeLost') return { evidence: [item('pod', `NodeLost: ${pod.message ?? ''}`)] }
          if (exit?.reason === 'ContainerStatusUnknown') {
            return { evidence: [item('pod', `driver container: ContainerStatusUnknown: ${exit.message ?? ''}`)] }
          }
          return disruption(facts, 'DeletionByPodGC')
        },
      ),
    ],
    explains: ['SPN-EXIT-*', 'SPN-NODE-NOT-READY'],
    remedies: [seeNode, off, again],
  },
  {
    id: 'SPN-NODE-NOT-READY',
    cause: 'node',
    severity: 'error',
    confidence: 'medium',
    title: 'The driver’s node is not ready',
    meaning: 'The kubelet does not report, or reports that it cannot run pods. What is said of the pod may be old.',
    matchers: [
      observed(
        'a node condition Ready that is Unknown, or has been False for five minutes, while the driver has not ended',
        (facts) => notReady(facts),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-NODE-PRESSURE'],
    remedies: [seeNode, off],
  },
  {
    id: 'SPN-NODE-PRESSURE',
    cause: 'node',
    severity: 'warning',
    confidence: 'medium',
    title: 'The driver’s node is short of something',
    detail: 'The driver’s node reports {condition}',
    meaning: 'The kubelet is about to evict pods, or has begun to.',
    matchers: [
      observed('a node condition MemoryPressure, DiskPressure or PIDPressure that is True', ({ evidence }) => {
        const found = valueIn(evidence.node)?.conditions.find(
          ({ type, status }) => /^(Memory|Disk|PID)Pressure$/.test(type) && status === 'True',
        )
        if (found === undefined) return undefined
        return { evidence: [item('node', `${found.type}: ${found.message ?? ''}`)], details: { condition: found.type } }
      }),
    ],
    statesWhileRunning: [],
    remedies: [seeNode],
  },
  {
    id: 'SPN-NODE-REJECTED',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The node did not take the driver, though the scheduler had chosen it',
    meaning: 'What was free when the scheduler looked was taken when the pod came, or a device was not to be had.',
    matchers: [
      observed(
        'a pod that failed with reason OutOfcpu, OutOfmemory, OutOfpods, NodeAffinity or UnexpectedAdmissionError',
        ({ pod }) =>
          pod !== undefined &&
          /^(OutOf[a-z-]+|UnexpectedAdmissionError|NodeAffinity|NodePorts|PreemptionByKubelet)$/.test(pod.reason ?? '')
            ? { evidence: [item('pod', `${pod.reason}: ${pod.message ?? ''}`)] }
            : undefined,
      ),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [again, seeNode],
  },
]
