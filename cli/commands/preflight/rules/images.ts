import type { EvidenceItem } from '../../../findings/findings.ts'
import { createConfLookup } from '../../../spark-conf/effective-conf.ts'
import type { Input } from '../../../static-checks/input.ts'
import { toWrittenEvidence } from '../../../static-checks/shown-value.ts'
import { findImage } from '../../../workload/spark-pods.ts'
import {
  evidenceFor,
  formatOrigin,
  type PreflightRule,
  type PreflightSubject,
  type PreflightViolation,
  type PreflightViolations,
} from '../evidence.ts'

/** Checks that images are set, pinned, and present on a node if they are never pulled. */
export const images: PreflightRule = ({ input, cluster }) => {
  if (input.kind === 'conf' && (input.mode === 'client' || input.mode === 'elsewhere')) return []
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
    evidence: findEvidence(input, image),
  })
  if (image === undefined) {
    return mayBeSetElsewhere(input) ? [] : [report('no image is set, so Spark rejects the submission', 'error')]
  }
  if (!hasOpenTag(image) && !isImageName(image)) {
    return [report(`${image} is not a valid image name, so the kubelet cannot pull it (InvalidImageName)`, 'error')]
  }
  const problems = [describeMovingTag(image), describeMissingOnNodes(image, input, cluster)]
  return problems.filter((problem) => problem !== undefined).map((problem) => report(problem, 'warning'))
}

function findEvidence(input: Input, image: string | undefined): readonly [EvidenceItem] {
  const [key] =
    [...input.conf.entries].find(([name, { value }]) => name.endsWith('container.image') && value === image) ?? []
  const written = key === undefined ? undefined : input.conf.entries.get(key)
  if (key !== undefined && written !== undefined) return [toWrittenEvidence(key, written)]
  return evidenceFor(formatOrigin(input), 'spark.kubernetes.container.image')
}

/** Apache's operator may have a default image. A file of settings, and a command with another file, may not contain it. */
function mayBeSetElsewhere(input: Input): boolean {
  if (input.kind === 'application') return input.operator === 'apache'
  const isUnresolved = [...(input.command?.unresolved ?? [])].some((key) => key.endsWith('container.image'))
  return !input.isWhole || input.mode !== 'cluster' || isUnresolved
}

/** A reference as the kubelet parses it: an optional registry, a path in lower case, and an optional tag and digest. */
function isImageName(image: string): boolean {
  const [, name = ''] = /^([^@]+?)(?::[\w][\w.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?$/.exec(image) ?? []
  const [first = '', ...rest] = name.split('/')
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  if (hasRegistry && !/^[A-Za-z0-9.-]+(:\d+)?$/.test(first)) return false
  const path = hasRegistry ? rest : [first, ...rest]
  return path.every((part) => /^[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*$/.test(part))
}

/** Where an operator or Spark inserts the tag, it is not known here. */
const hasOpenTag = (image: string) => /\{\{\s*SPARK_VERSION\s*\}\}/.test(image)

function describeMovingTag(image: string): string | undefined {
  if (hasOpenTag(image)) return undefined
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

/** Nodes list full names: `docker.io/apache/spark:3.5.1` for `apache/spark:3.5.1`. */
const isImage = (onNode: string, image: string) =>
  onNode === image ||
  onNode.endsWith(`/${image}`) ||
  onNode === `${image}:latest` ||
  onNode.endsWith(`/${image}:latest`)
