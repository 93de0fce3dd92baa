import type { EvidenceItem } from '../../findings/findings.ts'
import { type ConfEntry, createConfLookup, type EffectiveConf } from '../../spark-conf/effective-conf.ts'
import { parseSparkTime } from '../../spark-conf/spark-quantity.ts'
import { compareVersions } from '../../spark-conf/spark-version.ts'
import { formatValue, toWrittenEvidence } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationSubject, ValidationViolations } from '../subject.ts'

/** Finds settings that contradict each other. */
export const conflicts: ValidateRule = (subject) => [...masterAndMode(subject), ...settingConflicts(subject.conf)]

const settingConflicts = (conf: EffectiveConf): ValidationViolations => [
  ...overridden(conf),
  ...dynamicAllocation(conf),
  ...heartbeat(conf),
  ...encryption(conf),
  ...taskCpus(conf),
]

function overridden({ overridden }: EffectiveConf): ValidationViolations {
  return overridden.map(({ key, loser, winner }) => ({
    check: 'overridden',
    details: {
      key,
      loser: formatValue(key, loser.value),
      loserSource: formatPlace(loser),
      winner: formatValue(key, winner.value),
      winnerSource: formatPlace(winner),
    },
    evidence: [toWrittenEvidence(key, loser), toWrittenEvidence(key, winner)],
  }))
}

const formatPlace = ({ source, field, line }: ConfEntry) => field ?? (line === null ? source : `line ${line}`)

/** Like ExecutorAllocationManager.validateSettings and Utils.getDynamicAllocationInitialExecutors. */
function dynamicAllocation(conf: EffectiveConf): ValidationViolations {
  if (!isTrue(createConfLookup(conf)('spark.dynamicAllocation.enabled'))) return []
  const bounds = readExecutorBounds(conf)
  return [...executorBounds(conf, bounds), ...fixedInstances(conf, bounds), ...shuffle(conf)]
}

interface ExecutorBounds {
  readonly min: number
  /** Infinity if it is not set. */
  readonly max: number
  readonly initial: number
}

function readExecutorBounds(conf: EffectiveConf): ExecutorBounds {
  const value = createConfLookup(conf)
  const read = (name: string) => parseInteger(value(`spark.dynamicAllocation.${name}`))
  const min = read('minExecutors') ?? 0
  return { min, max: read('maxExecutors') ?? Number.POSITIVE_INFINITY, initial: read('initialExecutors') ?? min }
}

const maxExecutorsKey = 'spark.dynamicAllocation.maxExecutors'

function executorBounds(conf: EffectiveConf, bounds: ExecutorBounds): ValidationViolations {
  const problem = describeBoundsProblem(bounds)
  if (problem !== undefined) {
    const evidence = toEvidence(conf, 'spark.dynamicAllocation.minExecutors', maxExecutorsKey)
    return [{ check: 'dynamicBounds', details: { problem }, evidence }]
  }
  const { initial, max } = bounds
  if (initial <= max) return []
  const details = { problem: `initialExecutors=${initial} is above maxExecutors=${max}` }
  const evidence = toEvidence(conf, 'spark.dynamicAllocation.initialExecutors', maxExecutorsKey)
  return [{ check: 'dynamicBounds', details, severity: 'warning', evidence }]
}

function describeBoundsProblem({ min, max }: ExecutorBounds): string | undefined {
  if (min < 0) return `minExecutors=${min} is negative`
  if (max < 1) return `maxExecutors=${max} is not positive`
  return min > max ? `minExecutors=${min} is above maxExecutors=${max}` : undefined
}

function fixedInstances(conf: EffectiveConf, { max }: ExecutorBounds): ValidationViolations {
  const instances = parseInteger(createConfLookup(conf)('spark.executor.instances'))
  if (instances === undefined) return []
  const bounds = instances > max ? `, and above ${maxExecutorsKey}=${max}` : ''
  const evidence = toEvidence(conf, 'spark.executor.instances', 'spark.dynamicAllocation.enabled')
  const details = { instances: String(instances), bounds }
  return [{ check: 'dynamicInstances', details, evidence, ...(bounds === '' && { severity: 'note' as const }) }]
}

function shuffle(conf: EffectiveConf): ValidationViolations {
  const why = shuffleProblem(conf)
  if (why === undefined) return []
  return [{ check: 'dynamicShuffle', details: { why }, evidence: toEvidence(conf, 'spark.dynamicAllocation.enabled') }]
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
  const task = parseInteger(value('spark.task.cpus')) ?? 1
  const executor = parseInteger(value('spark.executor.cores')) ?? 1
  if (task <= executor) return []
  const evidence = toEvidence(conf, 'spark.task.cpus', 'spark.executor.cores')
  return [{ check: 'taskCpus', details: { task: String(task), executor: String(executor) }, evidence }]
}

const masterKey = 'spark.master'
const deployModeKey = 'spark.submit.deployMode'

function masterAndMode({ conf, operator, mode }: ValidationSubject): ValidationViolations {
  // Apache's operator keeps a given master, such as the address of a SparkCluster.
  if (operator === 'apache') return []
  if (operator === 'kubeflow') {
    return [masterKey, deployModeKey].flatMap((key) =>
      describeMaster(conf, key, 'has no effect, because the operator sets it', 'warning'),
    )
  }
  const value = createConfLookup(conf)
  if (mode === 'elsewhere') {
    const isMaster = /^(yarn|local|local\[.*\]|local-cluster\[.*\]|spark:\/\/.*|mesos:\/\/.*)$/.test(
      value(masterKey) ?? '',
    )
    return isMaster
      ? describeMaster(conf, masterKey, 'is not Kubernetes: rules about pods were skipped', 'note')
      : describeMaster(
          conf,
          masterKey,
          'is not a master that Spark knows; Kubernetes needs k8s://https://HOST:PORT',
          'error',
        )
  }
  const deployMode = value(deployModeKey)
  if (deployMode !== undefined && !/^(client|cluster)$/i.test(deployMode)) {
    return describeMaster(conf, deployModeKey, 'is not a deploy mode; Spark knows client and cluster', 'error')
  }
  if (mode !== 'client') return []
  const problem = 'creates no driver pod: the driver runs where spark-submit runs, and spark-nanny does not protect it'
  if (deployMode !== undefined) return describeMaster(conf, deployModeKey, problem, 'note')
  const details = { key: deployModeKey, value: 'client', problem }
  return [{ check: 'master', details, severity: 'note', evidence: toEvidence(conf, deployModeKey) }]
}

function describeMaster(
  conf: EffectiveConf,
  key: string,
  problem: string,
  severity: 'error' | 'warning' | 'note',
): ValidationViolations {
  const written = conf.entries.get(key)
  if (written === undefined) return []
  const details = { key, value: formatValue(key, written.value), problem }
  return [{ check: 'master', details, severity, evidence: [toWrittenEvidence(key, written)] }]
}

/** The places where the keys are set. Spark's default if none of them is. */
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

function parseInteger(text: string | undefined): number | undefined {
  return text !== undefined && /^[-+]?\d+$/.test(text.trim()) ? Number(text) : undefined
}
