import { type EffectiveConf, valueIn } from '../../spark-conf/effective-conf.ts'
import { driverMemory, executorMemory, type PodMemory } from '../../spark-conf/spark-memory.ts'
import { parseSparkSize } from '../../spark-conf/spark-quantity.ts'
import { writtenEvidence } from '../../static-checks/shown-value.ts'
import type { Breaches, ValidateRule } from '../subject.ts'
import { evidenceOf, isTrue } from './conflicts.ts'

/** UnifiedMemoryManager: 300 MiB reserved, and half as much again. */
const leastHeapMiB = 450

/** Heap, overhead and what else a pod's memory is made of. */
export const memory: ValidateRule = ({ conf, driverLimitMiB }) => [
  ...roles.flatMap((role) => [...heapSize(conf, role), ...overhead(conf, role), ...javaOptions(conf, role)]),
  ...heapUnit(conf),
  ...offHeap(conf),
  ...podLimit(conf, driverLimitMiB),
]

const roles = ['driver', 'executor'] as const
type Role = (typeof roles)[number]

export function memoryOf(conf: EffectiveConf, role: Role): PodMemory | undefined {
  return (role === 'driver' ? driverMemory : executorMemory)(valueIn(conf), conf.language)
}

function heapSize(conf: EffectiveConf, role: Role): Breaches {
  const key = `spark.${role}.memory`
  const written = conf.entries.get(key)
  const heap = written === undefined ? undefined : parseSparkSize(written.value, 'MiB')
  if (written === undefined || heap === undefined || heap.amount >= leastHeapMiB) return []
  // Without a unit there is a worse thing to say of the driver.
  if (role === 'driver' && !heap.hasUnit) return []
  const details = { key, heap: String(heap.amount) }
  return [{ check: 'heapSmall', details, evidence: [writtenEvidence(key, written)] }]
}

function heapUnit(conf: EffectiveConf): Breaches {
  const key = 'spark.driver.memory'
  const written = conf.entries.get(key)
  if (written === undefined || parseSparkSize(written.value, 'MiB')?.hasUnit !== false) return []
  return [{ check: 'heapUnit', details: { value: written.value.trim() }, evidence: [writtenEvidence(key, written)] }]
}

function overhead(conf: EffectiveConf, role: Role): Breaches {
  const sizeKey = `spark.${role}.memoryOverhead`
  const factorKey = `spark.${role}.memoryOverheadFactor`
  const size = conf.entries.get(sizeKey)
  if (size === undefined) return []
  const breaches: Breaches[number][] = []
  const factor = conf.entries.get(factorKey)
  if (factor !== undefined) {
    const evidence = [writtenEvidence(factorKey, factor), writtenEvidence(sizeKey, size)] as const
    breaches.push({ check: 'overheadFactor', details: { factorKey, sizeKey, size: size.value }, evidence })
  }
  const given = memoryOf(conf, role)
  const entries = new Map([...conf.entries].filter(([key]) => key !== sizeKey))
  const usual = memoryOf({ ...conf, entries }, role)
  if (given !== undefined && usual !== undefined && given.overheadMiB * 2 < usual.overheadMiB) {
    const details = {
      key: sizeKey,
      given: String(given.overheadMiB),
      heap: String(given.heapMiB),
      usual: String(usual.overheadMiB),
    }
    breaches.push({ check: 'overheadSmall', details, evidence: [writtenEvidence(sizeKey, size)] })
  }
  return breaches
}

/** As SparkSubmitCommandBuilder.checkJavaOptions and SparkConf.validateSettings. */
function javaOptions(conf: EffectiveConf, role: Role): Breaches {
  const heap = memoryOf(conf, role)?.heapMiB
  return [`spark.${role}.extraJavaOptions`, `spark.${role}.defaultJavaOptions`].flatMap((key): Breaches => {
    const written = conf.entries.get(key)
    if (written === undefined) return []
    const evidence = [writtenEvidence(key, written)] as const
    const of = (option: string | undefined, instead: string): Breaches =>
      option === undefined ? [] : [{ check: 'heapOption', details: { key, option, instead }, evidence }]
    const largest = /-Xmx\S*/.exec(written.value)?.[0]
    const initial = /(?:^|\s)-Xms(\d+[kmgt]?)/i.exec(written.value)
    const initialMiB = initial === null ? undefined : jvmSizeMiB(initial[1] ?? '')
    const isAbove = initialMiB !== undefined && heap !== undefined && initialMiB > heap
    return [
      ...of(largest, `spark.${role}.memory`),
      ...of(
        isAbove ? `${initial?.[0].trim()}, which is above spark.${role}.memory` : undefined,
        `spark.${role}.memory`,
      ),
      ...(role === 'executor' ? of(/-Dspark\S*/.exec(written.value)?.[0], 'the setting with --conf') : []),
    ]
  })
}

/** Of the JVM a bare number is bytes. */
const jvmSizeMiB = (text: string) => Number(parseSparkSize(text, 'b')?.amount ?? 0n) / 1024 ** 2

function offHeap(conf: EffectiveConf): Breaches {
  if (!isTrue(valueIn(conf)('spark.memory.offHeap.enabled'))) return []
  const text = valueIn(conf)('spark.memory.offHeap.size')
  const size = parseSparkSize(text ?? '0', 'b')
  // Whole MiB count (Utils.executorOffHeapMemorySizeAsMb).
  if (size === undefined || size.amount >= 1n << 20n) return []
  const evidence = evidenceOf(conf, 'spark.memory.offHeap.enabled', 'spark.memory.offHeap.size')
  return [{ check: 'offHeap', details: { size: text ?? 'not set' }, evidence }]
}

function podLimit(conf: EffectiveConf, limitMiB: number | null): Breaches {
  const wanted = memoryOf(conf, 'driver')
  if (limitMiB === null || wanted === undefined || limitMiB >= wanted.totalMiB) return []
  return [
    {
      check: 'podLimit',
      details: { limit: String(limitMiB), heap: String(wanted.heapMiB), total: String(wanted.totalMiB) },
      ...(limitMiB > wanted.heapMiB && { severity: 'warning' as const }),
      evidence: [
        { source: 'pod', line: null, excerpt: `limits.memory: ${limitMiB}Mi`, count: 1 },
        ...evidenceOf(conf, 'spark.driver.memory', 'spark.driver.memoryOverhead'),
      ],
    },
  ]
}
