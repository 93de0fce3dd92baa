import type { Unknown } from '../../evidence/evidence.ts'
import type { Finding } from '../../findings/findings.ts'
import type { RemedyContext } from '../../findings/remedies.ts'
import { sortFindings, toFinding } from '../../static-checks/run.ts'
import { preflightChecks } from './catalogue.ts'
import type { PreflightRule, PreflightSubject } from './evidence.ts'
import { capacity } from './rules/capacity.ts'
import { clusterObjects } from './rules/cluster-objects.ts'
import { dryRuns, isMissingOwnAccess } from './rules/dry-runs.ts'
import { images } from './rules/images.ts'
import { shape } from './rules/shape.ts'
import { watching } from './rules/watching.ts'

const rules: readonly PreflightRule[] = [shape, images, clusterObjects, capacity, dryRuns, watching]

/** All that would keep the submission from running, errors first. Pure. */
export function preflight(subject: PreflightSubject, context: RemedyContext): readonly Finding[] {
  const breaches = rules.flatMap((rule) => rule(subject))
  return sortFindings(breaches.map((breach) => toFinding(preflightChecks[breach.check], breach, context)))
}

/** What was not known: without a cluster nearly everything; else what could not be read. */
export function findUnknowns({ cluster, workload }: PreflightSubject): readonly Unknown[] {
  if (cluster === null) return offlineUnknowns
  if (workload === null)
    return [{ what: 'the pods', source: 'configuration', why: 'a size in it, or a part of a pod, cannot be read' }]
  const unknown: Unknown[] = []
  const collections = {
    'the namespace': cluster.namespace,
    'room on the nodes': cluster.nodes,
    'the namespace’s limit ranges': cluster.limitRanges,
    'the namespace’s quotas': cluster.quotas,
    'what the service account may do': cluster.access,
  }
  for (const [what, reading] of Object.entries(collections)) {
    if (reading.kind === 'unreadable') unknown.push({ what, source: 'the API server', why: reading.detail })
  }
  for (const { reference, object } of cluster.references) {
    if (object.kind === 'unreadable')
      unknown.push({ what: `${reference.kind} ${reference.name}`, source: reference.where, why: object.detail })
  }
  const asked = {
    'whether the driver’s pod is admitted': cluster.dryRuns.driver,
    'whether an executor’s pod is admitted': cluster.dryRuns.executor,
    'whether the SparkApplication is accepted': cluster.application,
  }
  for (const [what, answer] of Object.entries(asked)) {
    if (answer === null) continue
    if (answer.kind === 'failed') unknown.push({ what, source: 'dry run', why: answer.detail })
    else if (isMissingOwnAccess(answer))
      unknown.push({ what, source: 'dry run', why: 'you may not create it yourself, and so not try' })
  }
  return unknown
}

const offlineUnknowns: readonly Unknown[] = [
  'the namespace and its label',
  'room on nodes, in limit ranges and quotas',
  'what the service account may do',
  'whether Secrets, ConfigMaps, claims and images exist',
  'whether admission takes the pods',
].map((what) => ({ what, source: '--offline', why: 'no cluster was asked' }))
