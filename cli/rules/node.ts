import { valueIn } from '../evidence/evidence.ts'
import { change, inspect, rerun, setConf } from '../findings/remedies.ts'
import { inLog } from '../log/matcher.ts'
import { disruption, nodeEvent, notReady } from './node-detectors.ts'
import { inMessages, item, observed, type Rule } from './rule.ts'

const seeNode = inspect('Check the node', 'kubectl describe node {node}')
const taintDeadNode = change(
  'Only if the machine is certainly off: taint its node with node.kubernetes.io/out-of-service, so that Kubernetes removes its pods. Otherwise the driver may still be running there, and a second driver would write the same output',
)
const rerunUnchanged = rerun('Run it again: the application did not cause the failure')

/**
 * What the node or the cluster did to the pod. Sources of the reasons: pkg/kubelet/eviction, lifecycle/predicate.go, nodeshutdown,
 * controller/tainteviction and podgc, scheduler/framework/preemption (1.36); AWS node termination handler's events.
 */
export const nodeRules: readonly Rule[] = [
  {
    id: 'SPN-NODE-EVICTED',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The node ran low on a resource and evicted the driver',
    detail: 'The node ran low on {resource} and evicted the driver',
    meaning:
      'The kubelet evicts pods when memory, disk or process IDs run out. Pods that use more than they requested are evicted first.',
    matchers: [
      inMessages('The node was low on resource: {resource}. ', ['pod', 'event']),
      inMessages('The node had condition: [{resource}]', ['pod', 'event']),
      observed('the pod failed with reason Evicted', ({ pod }) =>
        pod?.reason === 'Evicted' ? { evidence: [item('pod', `Evicted: ${pod.message ?? ''}`)] } : undefined,
      ),
      observed('Apache’s operator reports DriverEvicted, and the pod is gone', ({ evidence, pod }) => {
        const application = valueIn(evidence.application)
        if (pod !== undefined || application?.state !== 'DriverEvicted') return undefined
        return { evidence: [item('application', `DriverEvicted: ${application.message ?? ''}`)] }
      }),
    ],
    explains: ['SPN-EXIT-*', 'SPN-NODE-PRESSURE'],
    remedies: [rerunUnchanged, change('Set the driver’s requests equal to its limits'), seeNode],
  },
  {
    id: 'SPN-NODE-PREEMPTED',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'A pod of higher priority preempted the driver',
    meaning:
      'The scheduler removed the driver to free resources. Drivers should have a higher priority class than their executors.',
    matchers: [
      observed(
        'the condition DisruptionTarget with reason PreemptionByScheduler, or an event Preempted',
        (facts) =>
          disruption(facts, 'PreemptionByScheduler') ?? nodeEvent(facts, /^Preempt(ed|ing)$/, /^Preempted by /),
      ),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [
      rerunUnchanged,
      change('Give drivers a higher PriorityClass (spec.driver.priorityClassName of the SparkApplication)'),
    ],
  },
  {
    id: 'SPN-NODE-SHUTDOWN',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s node was shut down',
    meaning: 'The node was shut down on purpose, for example because it is a spot instance or for maintenance.',
    matchers: [
      inMessages('Pod was terminated in response to imminent node shutdown', ['pod', 'event']),
      inMessages('Pod was rejected as the node is shutting down', ['pod', 'event']),
      observed('the pod’s reason is NodeShutdown, or an event reports a spot interruption', (facts) => {
        const { pod, exit } = facts
        if (pod?.reason === 'NodeShutdown') return { evidence: [item('pod', `NodeShutdown: ${pod.message ?? ''}`)] }
        // A notice alone does not end a driver. It explains one that a signal ended, or whose end is unknown.
        if (exit !== null && exit.exitCode <= 128) return undefined
        return nodeEvent(facts, /^(SpotInterruption|PreemptScheduled|TerminateScheduled)$/, /./)
      }),
    ],
    explains: ['SPN-EXIT-*', 'SPN-NODE-LOST', 'SPN-NODE-TAINTED', 'SPN-NODE-NOT-READY'],
    remedies: [
      rerunUnchanged,
      change('Run drivers on nodes that are not interrupted: spark.kubernetes.driver.node.selector.*'),
    ],
  },
  {
    id: 'SPN-NODE-TAINTED',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'A taint on the node evicted the driver',
    meaning:
      'The node was unreachable or not ready for longer than the pod tolerates (5 minutes by default), or an administrator added a NoExecute taint.',
    matchers: [
      observed(
        'the condition DisruptionTarget with reason DeletionByTaintManager, or an event TaintManagerEviction',
        (facts) => {
          const newest = nodeEvent(facts, /^TaintManagerEviction$/, /./)
          // If the node recovered, the deletion was cancelled.
          const stands = newest?.evidence[0].excerpt.includes(': Marking for deletion') === true
          return disruption(facts, 'DeletionByTaintManager') ?? (stands ? newest : undefined)
        },
      ),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [rerunUnchanged, seeNode],
  },
  {
    id: 'SPN-NODE-API-EVICTION',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The driver was evicted, usually because its node was drained',
    meaning:
      'kubectl drain, an upgrade or the cluster autoscaler evicted the driver. No PodDisruptionBudget prevented the eviction.',
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
      rerunUnchanged,
      change(
        'Prevent evictions by the autoscaler: annotate the driver pod with cluster-autoscaler.kubernetes.io/safe-to-evict: "false"',
      ),
    ],
  },
  {
    id: 'SPN-NODE-LOST',
    cause: 'node',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s node was lost',
    meaning: 'The node stopped reporting or was removed. The state of the container is unknown.',
    matchers: [
      observed(
        'the pod’s reason is NodeLost, the container’s reason is ContainerStatusUnknown, or the condition DisruptionTarget has reason DeletionByPodGC',
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
    remedies: [seeNode, taintDeadNode, rerunUnchanged],
  },
  {
    id: 'SPN-NODE-NOT-READY',
    cause: 'node',
    severity: 'error',
    confidence: 'medium',
    title: 'The driver’s node is not ready',
    meaning:
      'The kubelet does not report its status, or reports that it cannot run pods. The pod’s status may be out of date.',
    matchers: [
      observed(
        'the node’s Ready condition is Unknown, or has been False for five minutes, and the driver has not ended',
        (facts) => notReady(facts),
      ),
    ],
    statesWhileRunning: [],
    explains: ['SPN-NODE-PRESSURE'],
    remedies: [seeNode, taintDeadNode],
  },
  {
    id: 'SPN-NODE-PRESSURE',
    cause: 'node',
    severity: 'warning',
    confidence: 'medium',
    title: 'The driver’s node is low on a resource',
    detail: 'The driver’s node reports {condition}',
    meaning: 'The kubelet is evicting pods, or will start soon.',
    matchers: [
      observed('the node’s condition MemoryPressure, DiskPressure or PIDPressure is True', ({ evidence }) => {
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
    title: 'The node rejected the driver after the scheduler had assigned it',
    meaning: 'Between scheduling and start, another pod took the resources, or a device became unavailable.',
    matchers: [
      observed(
        'the pod failed with reason OutOfcpu, OutOfmemory, OutOfpods, NodeAffinity, NodePorts or UnexpectedAdmissionError',
        ({ pod }) =>
          pod !== undefined && /^(OutOf[a-z-]+|UnexpectedAdmissionError|NodeAffinity|NodePorts)$/.test(pod.reason ?? '')
            ? { evidence: [item('pod', `${pod.reason}: ${pod.message ?? ''}`)] }
            : undefined,
      ),
    ],
    explains: ['SPN-EXIT-*'],
    remedies: [rerunUnchanged, seeNode],
  },
  {
    id: 'SPN-NODE-SHUFFLE-LOST',
    cause: 'node',
    severity: 'error',
    confidence: 'medium',
    title: 'Shuffle data was lost with the executors that had written it',
    meaning:
      'Executors keep shuffle data on their own disks. Spark computes lost data again, and aborts the job when that has failed four times. The executors were evicted, preempted or short of memory.',
    matchers: [
      inLog('MetadataFetchFailedException: Missing an output location for shuffle', ['uncaught', 'error']),
      inLog('FetchFailedException: {why}', ['uncaught', 'error']),
    ],
    explains: [
      'SPN-EXIT-*',
      'SPN-APPLICATION-EXCEPTION',
      'SPN-APPLICATION-PYTHON',
      'SPN-APPLICATION-PY4J',
      'SPN-APPLICATION-JOB-ABORTED',
    ],
    remedies: [
      inspect(
        'Find out how the executors ended',
        'kubectl -n {namespace} logs {pod} | grep -E "Lost executor|exit code"',
        'kubectl -n {namespace} get events --sort-by=.lastTimestamp',
      ),
      setConf(
        'spark.decommission.enabled',
        'true',
        'Let executors pass on their data before their nodes are shut down',
      ),
      setConf('spark.executor.memoryOverhead', '2g', 'If they were killed for their memory, give them more'),
    ],
  },
]
