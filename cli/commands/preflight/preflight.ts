import { toText } from '../../../core/json.ts'
import { findSparkApplicationApi } from '../../../core/spark/application.ts'
import type { Unknown } from '../../evidence/evidence.ts'
import type { Finding } from '../../findings/findings.ts'
import type { RemedyContext } from '../../findings/remedies.ts'
import { findOperatorSchemas } from '../../operator-schemas/operator-schemas.ts'
import type { Input } from '../../static-checks/input.ts'
import { sortFindings, toFinding } from '../../static-checks/run.ts'
import { preflightChecks } from './catalogue.ts'
import type { PreflightRule, PreflightSubject } from './evidence.ts'
import { capacity } from './rules/capacity.ts'
import { clusterObjects } from './rules/cluster-objects.ts'
import { dryRuns, isMissingOwnAccess } from './rules/dry-runs.ts'
import { images } from './rules/images.ts'
import { operatorRules } from './rules/operator-rules.ts'
import { pods } from './rules/pods.ts'
import { shape } from './rules/shape.ts'
import { watching } from './rules/watching.ts'

const rules: readonly PreflightRule[] = [
  shape,
  operatorRules,
  pods,
  images,
  clusterObjects,
  capacity,
  dryRuns,
  watching,
]

/** All problems that would keep the application from running, errors first. Pure. */
export function preflight(subject: PreflightSubject, context: RemedyContext): readonly Finding[] {
  const violations = rules.flatMap((rule) => rule(subject))
  return sortFindings(violations.map((violation) => toFinding(preflightChecks[violation.check], violation, context)))
}

/** What could not be checked. Offline, these are all checks that need a cluster. */
export function findUnknowns({ cluster, workload, input }: PreflightSubject): readonly Unknown[] {
  return [
    ...(cluster === null ? findSchemaUnknown(input) : []),
    ...findFileUnknowns(input),
    ...findClusterUnknowns({ cluster, workload }),
  ]
}

function findClusterUnknowns({
  cluster,
  workload,
}: Pick<PreflightSubject, 'cluster' | 'workload'>): readonly Unknown[] {
  if (cluster === null) return offlineUnknowns
  if (workload === null)
    return [{ what: 'the pods', source: 'configuration', why: 'a size or a part of a pod in it is malformed' }]
  const unknown: Unknown[] = []
  const collections = {
    'the namespace': cluster.namespace,
    'the resources of the nodes': cluster.nodes,
    'the namespace’s limit ranges': cluster.limitRanges,
    'the namespace’s quotas': cluster.quotas,
    'the permissions of the service account': cluster.access,
  }
  for (const [what, reading] of Object.entries(collections)) {
    if (reading.kind === 'unreadable') unknown.push({ what, source: 'the API server', why: reading.detail })
  }
  for (const { reference, object } of cluster.references) {
    if (object.kind === 'unreadable')
      unknown.push({ what: `${reference.kind} ${reference.name}`, source: reference.where, why: object.detail })
  }
  const dryRuns = {
    'whether the driver’s pod is admitted': cluster.dryRuns.driver,
    'whether an executor’s pod is admitted': cluster.dryRuns.executor,
    'whether the SparkApplication is accepted': cluster.application,
  }
  for (const [what, response] of Object.entries(dryRuns)) {
    if (response === null) continue
    if (response.kind === 'failed') unknown.push({ what, source: 'dry run', why: response.detail })
    else if (isMissingOwnAccess(response))
      unknown.push({ what, source: 'dry run', why: 'you have no permission to create it, so no dry run was possible' })
  }
  return unknown
}

const offlineUnknowns: readonly Unknown[] = [
  'the namespace and its label',
  'nodes, limit ranges and quotas',
  'the permissions of the service account',
  'whether Secrets, ConfigMaps, claims and images exist',
  'whether admission accepts the pods',
].map((what) => ({ what, source: '--offline', why: 'no cluster was contacted' }))

/** Offline, the schemas of the operator's releases stand for the one of the cluster. */
function findSchemaUnknown(input: Input): readonly Unknown[] {
  if (input.kind === 'conf') return []
  const [, version = ''] = toText(input.object.apiVersion ?? '').split('/')
  const { group } = findSparkApplicationApi(input.operator)
  const releases = findOperatorSchemas(group, version, toText(input.written.kind)).map(({ release }) => release)
  const why = `the fields were compared with the CRDs of ${input.operator}’s releases from ${releases.at(0)} to ${releases.at(-1)} instead`
  return [{ what: 'the CRD of the cluster', source: group, why }]
}

/** Settings that the file itself shows to be elsewhere. */
function findFileUnknowns(input: Input): readonly Unknown[] {
  if (input.kind === 'application' || input.command === null) return []
  const { propertiesFile, opaque, unresolved } = input.command
  const source = input.name
  return [
    ...(propertiesFile === null
      ? []
      : [{ what: `the settings in ${propertiesFile}`, source, why: '--properties-file was not read' }]),
    ...opaque.map((word) => ({ what: `the options in ${word}`, source, why: 'only a run of the script shows them' })),
    ...[...unresolved].map((key) => ({
      what: `the value of ${key}`,
      source,
      why: 'it contains a variable that the script does not set',
    })),
  ]
}
