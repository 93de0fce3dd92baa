import { createConfLookup, type EffectiveConf } from '../../spark-conf/effective-conf.ts'
import { driverMemory, executorMemory, type PodMemory } from '../../spark-conf/spark-memory.ts'
import { parseSparkSize } from '../../spark-conf/spark-quantity.ts'
import { toWrittenEvidence } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationViolations } from '../subject.ts'
import { isTrue, toEvidence } from './conflicts.ts'

/** UnifiedMemoryManager reserves 300 MiB, unless a test sets another size, and requires 1.5 times that. */
function findMinHeapMiB(conf: EffectiveConf): number {
  const value = createConfLookup(conf)
  // A test also replaces the size of the heap that Spark sees.
  if (value('spark.testing.memory') !== undefined) return 0
  const reserved = value('spark.testing.reservedMemory')
  if (reserved !== undefined) return (Number(reserved) * 1.5) / 1024 ** 2
  return value('spark.testing') === undefined ? 450 : 0
}

/** Checks heap, overhead and the other parts of a pod's memory. */
export const memory: ValidateRule = ({ conf, driverLimitMiB }) => [
  ...roles.flatMap((role) => [...heapSize(conf, role), ...overhead(conf, role), ...javaOptions(conf, role)]),
  ...heapUnit(conf),
  ...offHeap(conf),
  ...podLimit(conf, driverLimitMiB),
]

const roles = ['driver', 'executor'] as const
type Role = (typeof roles)[number]

export function computeMemory(conf: EffectiveConf, role: Role): PodMemory | undefined {
  return (role === 'driver' ? driverMemory : executorMemory)(createConfLookup(conf), conf.language)
}

function heapSize(conf: EffectiveConf, role: Role): ValidationViolations {
  const key = `spark.${role}.memory`
  const written = conf.entries.get(key)
  const heap = written === undefined ? undefined : parseSparkSize(written.value, 'MiB')
  if (written === undefined || heap === undefined || Number(heap.amount) >= findMinHeapMiB(conf)) return []
  // heapUnit reports a driver's memory without a unit, which is a more severe problem.
  if (role === 'driver' && !heap.hasUnit) return []
  const details = { key, heap: String(heap.amount) }
  return [{ check: 'heapSmall', details, evidence: [toWrittenEvidence(key, written)] }]
}

function heapUnit(conf: EffectiveConf): ValidationViolations {
  const key = 'spark.driver.memory'
  const written = conf.entries.get(key)
  if (written === undefined || parseSparkSize(written.value, 'MiB')?.hasUnit !== false) return []
  return [{ check: 'heapUnit', details: { value: written.value.trim() }, evidence: [toWrittenEvidence(key, written)] }]
}

function overhead(conf: EffectiveConf, role: Role): ValidationViolations {
  const sizeKey = `spark.${role}.memoryOverhead`
  const factorKey = `spark.${role}.memoryOverheadFactor`
  const size = conf.entries.get(sizeKey)
  if (size === undefined) return []
  const violations: ValidationViolations[number][] = []
  const factor = conf.entries.get(factorKey)
  if (factor !== undefined) {
    const evidence = [toWrittenEvidence(factorKey, factor), toWrittenEvidence(sizeKey, size)] as const
    violations.push({ check: 'overheadFactor', details: { factorKey, sizeKey, size: size.value }, evidence })
  }
  const given = computeMemory(conf, role)
  const entries = new Map([...conf.entries].filter(([key]) => key !== sizeKey))
  const usual = computeMemory({ ...conf, entries }, role)
  if (given !== undefined && usual !== undefined && given.overheadMiB * 2 < usual.overheadMiB) {
    const details = {
      key: sizeKey,
      given: String(given.overheadMiB),
      heap: String(given.heapMiB),
      usual: String(usual.overheadMiB),
    }
    violations.push({ check: 'overheadSmall', details, evidence: [toWrittenEvidence(sizeKey, size)] })
  }
  return violations
}

/** Like SparkSubmitCommandBuilder.checkJavaOptions and SparkConf.validateSettings. */
function javaOptions(conf: EffectiveConf, role: Role): ValidationViolations {
  const heap = computeMemory(conf, role)?.heapMiB
  return [`spark.${role}.extraJavaOptions`, `spark.${role}.defaultJavaOptions`].flatMap((key): ValidationViolations => {
    const written = conf.entries.get(key)
    if (written === undefined) return []
    const evidence = [toWrittenEvidence(key, written)] as const
    const of = (option: string | undefined, instead: string): ValidationViolations =>
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

/** The JVM reads a number without a unit as bytes. */
const jvmSizeMiB = (text: string) => Number(parseSparkSize(text, 'b')?.amount ?? 0n) / 1024 ** 2

function offHeap(conf: EffectiveConf): ValidationViolations {
  if (!isTrue(createConfLookup(conf)('spark.memory.offHeap.enabled'))) return []
  const text = createConfLookup(conf)('spark.memory.offHeap.size')
  const size = parseSparkSize(text ?? '0', 'b')
  // Only whole MiB count (Utils.executorOffHeapMemorySizeAsMb).
  if (size === undefined || size.amount >= 1n << 20n) return []
  const evidence = toEvidence(conf, 'spark.memory.offHeap.enabled', 'spark.memory.offHeap.size')
  return [{ check: 'offHeap', details: { size: text ?? 'not set' }, evidence }]
}

function podLimit(conf: EffectiveConf, limitMiB: number | null): ValidationViolations {
  const wanted = computeMemory(conf, 'driver')
  if (limitMiB === null || wanted === undefined || limitMiB >= wanted.totalMiB) return []
  return [
    {
      check: 'podLimit',
      details: { limit: String(limitMiB), heap: String(wanted.heapMiB), total: String(wanted.totalMiB) },
      ...(limitMiB > wanted.heapMiB && { severity: 'warning' as const }),
      evidence: [
        { source: 'pod', line: null, excerpt: `limits.memory: ${limitMiB}Mi`, count: 1 },
        ...toEvidence(conf, 'spark.driver.memory', 'spark.driver.memoryOverhead'),
      ],
    },
  ]
}
