import { change, inspect } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

/** Heap, overhead and off-heap memory. */
export const memoryChecks = {
  overheadFactor: {
    id: 'SPN-VALIDATE-OVERHEAD-FACTOR',
    cause: 'memory',
    severity: 'warning',
    confidence: 'high',
    title: 'Memory overhead is given both as a size and as a factor',
    detail: '{factorKey} has no effect: {sizeKey}={size} is given',
    meaning: 'The size outweighs the factor (BasicDriverFeatureStep, ResourceProfile).',
    remedies: [change('Keep one of them')],
  },
  overheadSmall: {
    id: 'SPN-VALIDATE-OVERHEAD-SMALL',
    cause: 'memory',
    severity: 'warning',
    confidence: 'medium',
    title: 'There is little memory beside the heap',
    detail: '{key} leaves {given} MiB beside a heap of {heap} MiB; Spark itself would leave {usual} MiB',
    meaning:
      'Metaspace, threads, direct buffers and Python use memory outside the heap. A container that exceeds its limit is killed (OOMKilled), even if its heap has free memory.',
    remedies: [change('Leave the overhead to Spark, or give {usual}m or more')],
  },
  offHeap: {
    id: 'SPN-VALIDATE-OFF-HEAP',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'Off-heap memory is on and has no size',
    detail: 'spark.memory.offHeap.enabled is true and spark.memory.offHeap.size is {size}',
    meaning: 'Spark refuses to start (“spark.memory.offHeap.size must be > 0”); whole MiB of it count.',
    remedies: [change('Set spark.memory.offHeap.size, or turn it off')],
  },
  heapOption: {
    id: 'SPN-VALIDATE-HEAP-OPTION',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'Java options set the heap or Spark’s own settings',
    detail: '{key} holds {option}',
    meaning:
      'Spark refuses -Xmx there, and of executors -Dspark too (SparkSubmitCommandBuilder.checkJavaOptions, SparkConf.validateSettings). The JVM refuses an initial heap above the largest.',
    remedies: [change('Set {instead} instead')],
  },
  heapUnit: {
    id: 'SPN-VALIDATE-HEAP-UNIT',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s memory has no unit',
    detail: 'spark.driver.memory={value} has no unit: the pod gets {value} MiB, the JVM {value} bytes',
    meaning:
      'The launcher of the driver hands the value on as it is (-Xmx{value}), where a bare number is bytes; the JVM ends with “Too small maximum heap”.',
    remedies: [change('Write {value}m')],
  },
  heapSmall: {
    id: 'SPN-VALIDATE-HEAP-SMALL',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The heap is smaller than Spark needs to start',
    detail: '{key} is {heap} MiB; Spark needs 450 MiB',
    meaning: 'Spark reserves 300 MiB and refuses a heap of less than one and a half times that (UnifiedMemoryManager).',
    remedies: [change('Give it 512m or more')],
  },
  podLimit: {
    id: 'SPN-VALIDATE-POD-LIMIT',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s container has less memory than its configuration asks for',
    detail: 'the driver’s container is limited to {limit} MiB, its heap is {heap} MiB and {total} MiB were asked for',
    meaning:
      'Something changed the pod after Spark made it: a pod template, a webhook, an autoscaler. It is killed before its heap is full.',
    remedies: [inspect('See who set the limit', 'kubectl -n {namespace} get pod {pod} -o yaml --show-managed-fields')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
