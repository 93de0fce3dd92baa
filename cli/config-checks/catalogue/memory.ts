import { change, inspect } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

/** Findings about heap, overhead and off-heap memory. */
export const memoryChecks = {
  overheadFactor: {
    id: 'SPN-VALIDATE-OVERHEAD-FACTOR',
    cause: 'memory',
    severity: 'warning',
    confidence: 'high',
    title: 'Memory overhead is set both as a size and as a factor',
    detail: '{factorKey} has no effect, because {sizeKey}={size} is set',
    meaning: 'The size takes precedence over the factor (BasicDriverFeatureStep, ResourceProfile).',
    remedies: [change('Keep one of them')],
  },
  overheadSmall: {
    id: 'SPN-VALIDATE-OVERHEAD-SMALL',
    cause: 'memory',
    severity: 'warning',
    confidence: 'medium',
    title: 'There is little memory outside the heap',
    detail: '{key} leaves {given} MiB outside a heap of {heap} MiB; Spark’s default is {usual} MiB',
    meaning:
      'Metaspace, threads, direct buffers and Python use memory outside the heap. A container that exceeds its limit is killed (OOMKilled), even if its heap has free memory.',
    remedies: [change('Remove the overhead to use Spark’s default, or set at least {usual}m')],
  },
  offHeap: {
    id: 'SPN-VALIDATE-OFF-HEAP',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'Off-heap memory is enabled without a size',
    detail: 'spark.memory.offHeap.enabled is true, but spark.memory.offHeap.size is {size}',
    meaning: 'Spark refuses to start (“spark.memory.offHeap.size must be > 0”). Only whole MiB count.',
    remedies: [change('Set spark.memory.offHeap.size, or disable off-heap memory')],
  },
  heapOption: {
    id: 'SPN-VALIDATE-HEAP-OPTION',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'Java options set the heap or Spark’s own settings',
    detail: '{key} contains {option}',
    meaning:
      'Spark rejects -Xmx there, and for executors also -Dspark (SparkSubmitCommandBuilder.checkJavaOptions, SparkConf.validateSettings). The JVM rejects an initial heap above the maximum.',
    remedies: [change('Set {instead} instead')],
  },
  heapUnit: {
    id: 'SPN-VALIDATE-HEAP-UNIT',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s memory has no unit',
    detail: 'spark.driver.memory={value} has no unit, so the pod gets {value} MiB but the JVM {value} bytes',
    meaning:
      'The launcher of the driver passes the value unchanged (-Xmx{value}), and the JVM reads a number without a unit as bytes. It exits with “Too small maximum heap”.',
    remedies: [change('Set it to {value}m')],
  },
  heapSmall: {
    id: 'SPN-VALIDATE-HEAP-SMALL',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The heap is smaller than Spark needs to start',
    detail: '{key} is {heap} MiB; Spark needs 450 MiB',
    meaning: 'Spark reserves 300 MiB and rejects a heap of less than 1.5 times that (UnifiedMemoryManager).',
    remedies: [change('Set it to at least 512m')],
  },
  podLimit: {
    id: 'SPN-VALIDATE-POD-LIMIT',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver’s container has less memory than configured',
    detail:
      'the driver’s container is limited to {limit} MiB, but its heap is {heap} MiB and the configuration requires {total} MiB',
    meaning:
      'A pod template, a webhook or an autoscaler changed the memory of the pod. The container is killed before its heap is full.',
    remedies: [
      inspect(
        'Find out which manager set the limit',
        'kubectl -n {namespace} get pod {pod} -o yaml --show-managed-fields',
      ),
    ],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
