import { createConfLookup } from '../../../spark-conf/effective-conf.ts'
import {
  compareVersions,
  formatVersion,
  parseImageVersion,
  parseSparkVersion,
} from '../../../spark-conf/spark-version.ts'
import type { Input } from '../../../static-checks/input.ts'
import { findImage, podPart } from '../../../workload/spark-pods.ts'
import {
  evidenceFor,
  formatOrigin,
  type PreflightRule,
  type PreflightSubject,
  type PreflightViolation,
  type PreflightViolations,
} from '../evidence.ts'

/** Checks that images are set, pinned, present on a node if they are never pulled, and of the application's Spark version. */
export const images: PreflightRule = ({ input, cluster }) => {
  const [driver, executor] = [findImage(input.conf, 'driver'), findImage(input.conf, 'executor')]
  if (driver === executor) return checkImage('driver and the executors', driver, input, cluster)
  return [...checkImage('driver', driver, input, cluster), ...checkImage('executor', executor, input, cluster)]
}

function checkImage(
  role: string,
  image: string | undefined,
  input: Input,
  cluster: PreflightSubject['cluster'],
): PreflightViolations {
  const report = (problem: string, severity: 'error' | 'warning'): PreflightViolation => ({
    check: 'image',
    details: { role, problem },
    severity,
    evidence: evidenceFor(formatOrigin(input), image ?? 'spark.kubernetes.container.image'),
  })
  if (image === undefined) {
    // Apache's operator may have a default image.
    const mayHaveDefault = input.kind === 'application' && input.operator === 'apache'
    return mayHaveDefault ? [] : [report('no image is set, so Spark rejects the submission', 'error')]
  }
  const problems = [
    describeMovingTag(image),
    describeMissingOnNodes(image, input, cluster),
    describeOtherVersion(image, input),
  ]
  return problems.filter((problem) => problem !== undefined).map((problem) => report(problem, 'warning'))
}

function describeMovingTag(image: string): string | undefined {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return undefined
  const tag = /:([\w][\w.-]*)$/.exec(image)?.[1]
  if (tag === undefined) return `${image} has no tag, which means latest`
  return tag === 'latest' ? `${image} has the tag latest, which moves` : undefined
}

function describeMissingOnNodes(
  image: string,
  { conf }: Input,
  cluster: PreflightSubject['cluster'],
): string | undefined {
  const pullPolicy = createConfLookup(conf)('spark.kubernetes.container.image.pullPolicy')
  if (pullPolicy !== 'Never' || cluster?.nodes.kind !== 'read') return undefined
  const isPresent = cluster.nodes.value.some((node) => node.images.some((name) => isImage(name, image)))
  return isPresent ? undefined : `${image} is not in any node’s image list, and the pull policy is Never`
}

function describeOtherVersion(image: string, input: Input): string | undefined {
  const written = input.kind === 'application' ? podPart(input.object, 'spec').sparkVersion : undefined
  const expected = typeof written === 'string' ? parseSparkVersion(written) : undefined
  const actual = parseImageVersion(image)
  if (expected === undefined || actual === undefined || compareVersions(expected, actual) === 0) return undefined
  return `the name of ${image} contains Spark ${formatVersion(actual)}, but spec.sparkVersion is ${formatVersion(expected)}`
}

/** Nodes list full names: `docker.io/apache/spark:3.5.1` for `apache/spark:3.5.1`. */
const isImage = (onNode: string, image: string) =>
  onNode === image ||
  onNode.endsWith(`/${image}`) ||
  onNode === `${image}:latest` ||
  onNode.endsWith(`/${image}:latest`)
