import type { EvidenceItem } from '../../findings/findings.ts'
import { type ConfEntry, createConfLookup, type EffectiveConf } from '../../spark-conf/effective-conf.ts'
import { parseSparkTime } from '../../spark-conf/spark-quantity.ts'
import { compareVersions } from '../../spark-conf/spark-version.ts'
import { formatValue, toWrittenEvidence } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationViolations } from '../subject.ts'

/** Settings that contradict one another. */
export const conflicts: ValidateRule = ({ conf, operator }) => [
  ...outweighed(conf),
  ...dynamicAllocation(conf),
  ...heartbeat(conf),
  ...encryption(conf),
  ...taskCpus(conf),
  ...masterAndMode(conf, operator),
]

function outweighed({ outweighed }: EffectiveConf): ValidationViolations {
  return outweighed.map(({ key, loser, winner }) => ({
    check: 'outweighed',
    details: {
      key,
      loser: formatValue(key, loser.value),
      loserSource: placeOf(loser),
      winner: formatValue(key, winner.value),
      winnerSource: placeOf(winner),
    },
    evidence: [toWrittenEvidence(key, loser), toWrittenEvidence(key, winner)],
  }))
}

const placeOf = ({ source, field, line }: ConfEntry) => field ?? (line === null ? source : `line ${line}`)

/** As ExecutorAllocationManager.validateSettings and Utils.getDynamicAllocationInitialExecutors. */
function dynamicAllocation(conf: EffectiveConf): ValidationViolations {
  const value = createConfLookup(conf)
  if (!isTrue(value('spark.dynamicAllocation.enabled'))) return []
  const number = (name: string, absent: number) => wholeNumber(value(`spark.dynamicAllocation.${name}`)) ?? absent
  const [min, max] = [number('minExecutors', 0), number('maxExecutors', Number.POSITIVE_INFINITY)]
  const initial = number('initialExecutors', min)
  const instances = wholeNumber(value('spark.executor.instances'))
  const breaches: ValidationViolations[number][] = []
  const evidence = (...keys: readonly string[]) => toEvidence(conf, ...keys)
  const bounds = ['spark.dynamicAllocation.minExecutors', 'spark.dynamicAllocation.maxExecutors'] as const
  const problem =
    min < 0
      ? `minExecutors=${min} is negative`
      : max < 1
        ? `maxExecutors=${max} is not positive`
        : min > max
          ? `minExecutors=${min} is above maxExecutors=${max}`
          : undefined
  if (problem !== undefined)
    breaches.push({ check: 'dynamicBounds', details: { problem }, evidence: evidence(...bounds) })
  if (initial > max && problem === undefined) {
    const details = { problem: `initialExecutors=${initial} is above maxExecutors=${max}` }
    breaches.push({
      check: 'dynamicBounds',
      details,
      severity: 'warning',
      evidence: evidence('spark.dynamicAllocation.initialExecutors', bounds[1]),
    })
  }
  if (instances !== undefined) {
    const above = instances > max ? `, and above spark.dynamicAllocation.maxExecutors=${max}` : ''
    breaches.push({
      check: 'dynamicInstances',
      details: { instances: String(instances), bounds: above },
      evidence: evidence('spark.executor.instances', 'spark.dynamicAllocation.enabled'),
    })
  }
  const why = shuffleProblem(conf)
  if (why !== undefined)
    breaches.push({ check: 'dynamicShuffle', details: { why }, evidence: evidence('spark.dynamicAllocation.enabled') })
  return breaches
}

function shuffleProblem(conf: EffectiveConf): string | undefined {
  const value = createConfLookup(conf)
  if (isTrue(value('spark.shuffle.service.enabled'))) return undefined
  const decommission =
    isTrue(value('spark.decommission.enabled')) &&
    isTrue(value('spark.storage.decommission.shuffleBlocks.enabled') ?? 'true')
  if (decommission || value('spark.shuffle.sort.io.plugin.class') !== undefined) return undefined
  const tracking = value('spark.dynamicAllocation.shuffleTracking.enabled')
  if (tracking !== undefined) return isTrue(tracking) ? undefined : 'it is false'
  // On by default since 3.4 (SPARK-39846).
  const { sparkVersion } = conf
  return sparkVersion !== undefined && compareVersions(sparkVersion, [3, 4, 0]) < 0
    ? 'it is off by default before Spark 3.4'
    : undefined
}

function heartbeat(conf: EffectiveConf): ValidationViolations {
  const value = createConfLookup(conf)
  const timeout = parseSparkTime(value('spark.network.timeout') ?? '120s', 's')?.amount
  const beat = parseSparkTime(value('spark.executor.heartbeatInterval') ?? '10s', 'ms')?.amount
  if (timeout === undefined || beat === undefined || timeout * 1000n > beat) return []
  return [
    {
      check: 'heartbeat',
      details: { timeout: String(timeout * 1000n), heartbeat: String(beat) },
      evidence: toEvidence(conf, 'spark.network.timeout', 'spark.executor.heartbeatInterval'),
    },
  ]
}

function encryption(conf: EffectiveConf): ValidationViolations {
  const value = createConfLookup(conf)
  const keys = ['spark.network.crypto.enabled', 'spark.authenticate.enableSaslEncryption']
  const key = keys.find((one) => isTrue(value(one)))
  if (key === undefined || isTrue(value('spark.authenticate'))) return []
  return [{ check: 'encryption', details: { key }, evidence: toEvidence(conf, key, 'spark.authenticate') }]
}

function taskCpus(conf: EffectiveConf): ValidationViolations {
  const value = createConfLookup(conf)
  const task = wholeNumber(value('spark.task.cpus')) ?? 1
  const executor = wholeNumber(value('spark.executor.cores')) ?? 1
  if (task <= executor) return []
  const evidence = toEvidence(conf, 'spark.task.cpus', 'spark.executor.cores')
  return [{ check: 'taskCpus', details: { task: String(task), executor: String(executor) }, evidence }]
}

function masterAndMode(conf: EffectiveConf, operator: 'kubeflow' | 'apache' | 'none'): ValidationViolations {
  const breaches: ValidationViolations[number][] = []
  for (const [key, right, problem] of [
    ['spark.master', /^k8s:\/\//, 'is no Kubernetes: it must begin with k8s://'],
    ['spark.submit.deployMode', /^cluster$/, 'makes no driver pod'],
  ] as const) {
    const written = conf.entries.get(key)
    if (written === undefined) continue
    if (operator === 'none' && right.test(written.value)) continue
    const told = operator === 'none' ? problem : 'has no effect: the operator names its own'
    breaches.push({
      check: 'master',
      details: { key, value: written.value, problem: told },
      ...(operator === 'none' && key === 'spark.master' && { severity: 'error' as const }),
      evidence: [toWrittenEvidence(key, written)],
    })
  }
  return breaches
}

/** Where these keys stand; at least one of them does. */
export function toEvidence(
  conf: EffectiveConf,
  ...keys: readonly string[]
): readonly [EvidenceItem, ...EvidenceItem[]] {
  const [first, ...rest] = keys.flatMap((key) => {
    const written = conf.entries.get(key)
    return written === undefined ? [] : [toWrittenEvidence(key, written)]
  })
  return [first ?? { source: 'Spark’s default', line: null, excerpt: keys.join(', '), count: 1 }, ...rest]
}

export const isTrue = (text: string | undefined) => text?.trim().toLowerCase() === 'true'

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[-+]?\d+$/.test(text.trim()) ? Number(text) : undefined
}
