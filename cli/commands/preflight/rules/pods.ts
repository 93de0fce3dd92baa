import { isRecord } from '../../../../core/json.ts'
import { hasSchemaProblem } from '../../../config-checks/schema.ts'
import { toSourcePath } from '../../../spark-conf/application-conf.ts'
import { createConfLookup } from '../../../spark-conf/effective-conf.ts'
import { compareVersions } from '../../../spark-conf/spark-version.ts'
import type { Input } from '../../../static-checks/input.ts'
import { findPodProblems, type PodProblem } from '../../../workload/pod-problems.ts'
import { evidenceAt, evidenceFor, formatOrigin, type PreflightRule } from '../evidence.ts'

type Role = 'driver' | 'executor'

/** Reports what the API server would reject in the pods that Spark and the operator create. A dry run asks it directly. */
export const pods: PreflightRule = ({ input, workload, cluster, schema }) => {
  if (workload === null || cluster !== null || hasSchemaProblem(schema, ['spec', 'volumes'])) return []
  const reported = new Set<string>()
  return (['driver', 'executor'] as const).flatMap((role) =>
    findPodProblems(workload[role], listOwnMounts(input, role))
      .filter(({ field, value, problem }) => {
        // The configuration rules report invalid amounts and their limits with the settings.
        if (/^cpu /.test(field)) return false
        const key = JSON.stringify([field, value, problem])
        const isNew = !reported.has(key)
        reported.add(key)
        return isNew
      })
      .map(({ field, value, problem }) => ({
        check: 'pod',
        details: { role, field, value, problem },
        evidence: findEvidence(input, role, { field, value, problem }),
      })),
  )
}

/** Spark mounts its configuration into the driver, and since 3.1 into executors (ExecutorPodsAllocator). */
function listOwnMounts({ conf }: Input, role: Role): readonly string[] {
  const folder = '/opt/spark/conf'
  if (role === 'driver') return [folder]
  const isDisabled = createConfLookup(conf)('spark.kubernetes.executor.disableConfigMap') === 'true'
  const isKnown = conf.sparkVersion !== undefined && compareVersions(conf.sparkVersion, [3, 1, 0]) >= 0
  return isKnown && !isDisabled ? [folder] : []
}

/** The place in the file with the value. The pod that Spark creates has other paths than the application. */
function findEvidence(input: Input, role: Role, { field, value }: PodProblem) {
  const excerpt = `${field}: ${value}`
  if (input.kind !== 'application') return evidenceFor(formatOrigin(input), excerpt)
  const { spec } = input.object
  const own = isRecord(spec) ? spec[role] : undefined
  const inRole = findText(own, value, ['spec', role])
  const path = inRole ?? findText(spec, value, ['spec'])
  if (path === undefined) return evidenceFor(formatOrigin(input), excerpt)
  const shown = path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`))
    .join('')
  return evidenceAt(input, path, `${toSourcePath(input.origin, shown)}: ${value}`)
}

/** The path of the first key or text that equals `wanted`. */
function findText(
  value: unknown,
  wanted: string,
  path: readonly (string | number)[],
): readonly (string | number)[] | undefined {
  if (typeof value === 'string' || typeof value === 'number') return String(value) === wanted ? path : undefined
  if (typeof value !== 'object' || value === null) return undefined
  const isList = Array.isArray(value)
  for (const [key, part] of Object.entries(value)) {
    const place = [...path, isList ? Number(key) : key]
    const found = !isList && key === wanted ? place : findText(part, wanted, place)
    if (found !== undefined) return found
  }
  return undefined
}
