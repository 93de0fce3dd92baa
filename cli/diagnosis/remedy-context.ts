import { sidecarContainerName } from '../../core/contract/pod-contract.ts'
import { parseQuantityMilli } from '../../core/kubernetes/quantity.ts'
import { readEffectiveConf } from '../evidence/effective-conf.ts'
import { type Evidence, valueIn } from '../evidence/evidence.ts'
import type { RemedyContext } from '../findings/remedies.ts'

/** Collects the values that the remedies' commands need. Unknown values are omitted. */
export function diagnosisRemedyContext(
  evidence: Evidence,
  details: Readonly<Record<string, string>>,
  run: 'current' | 'previous' = 'current',
): RemedyContext {
  const pod = valueIn(evidence.pod)
  const application = valueIn(evidence.application)
  const conf = readEffectiveConf(evidence)
  const limit = parseQuantityMilli(pod?.driver.memoryLimit ?? '')
  const { subject } = evidence
  const known: Record<string, string | null | undefined> = {
    ...details,
    namespace: subject.namespace,
    pod: subject.pod ?? application?.driverPod,
    application: application?.name ?? subject.application,
    node: pod?.node,
    serviceAccount: pod?.serviceAccount,
    container: pod?.driver.name,
    image: details.image ?? pod?.driver.image,
    confMap: pod?.confMap,
  }
  return {
    values: Object.fromEntries(
      Object.entries(known).flatMap(([name, value]) => (value == null ? [] : [[name, value] as const])),
    ),
    operator: application?.operator ?? 'none',
    log: {
      isOneOfSeveral: pod?.others.some(({ name, isInit }) => !isInit && name !== sidecarContainerName) === true,
      isPrevious: run === 'previous',
    },
    memory: {
      driverMemory: application?.driverMemory ?? conf.get('spark.driver.memory') ?? (conf.size === 0 ? null : '1g'),
      driverMemoryOverhead: application?.driverMemoryOverhead ?? conf.get('spark.driver.memoryOverhead') ?? null,
      ...(limit !== undefined && { limitMiB: Math.floor(limit / 1000 / 1024 ** 2) }),
    },
  }
}
