import { createConfLookup } from '../../../spark-conf/effective-conf.ts'
import {
  compareVersions,
  formatVersion,
  parseImageVersion,
  parseSparkVersion,
} from '../../../spark-conf/spark-version.ts'
import { findImage, podPart } from '../../../workload/spark-pods.ts'
import { evidenceFor, formatOrigin, type PreflightRule, type PreflightViolations } from '../evidence.ts'

/** Images by policy: present, pinned, to be had, and of the version that the application says. */
export const images: PreflightRule = ({ input, cluster }) => {
  const { conf } = input
  const policy = createConfLookup(conf)('spark.kubernetes.container.image.pullPolicy')
  const named = (['driver', 'executor'] as const).map((role) => ({ role, image: findImage(conf, role) }))
  const isSame = named[0]?.image === named[1]?.image
  return named.flatMap(({ role, image }): PreflightViolations => {
    // Apache's operator may have a default of its own.
    if (image === undefined && input.kind === 'application' && input.operator === 'apache') return []
    if (role === 'executor' && isSame) return []
    const who = isSame ? 'driver and the executors' : role
    const breach = (problem: string, severity: 'error' | 'warning' = 'warning'): PreflightViolations[number] => ({
      check: 'image',
      details: { role: who, problem },
      severity,
      evidence: evidenceFor(formatOrigin(input), image === undefined ? 'spark.kubernetes.container.image' : image),
    })
    if (image === undefined) return [breach('none is given, and Spark refuses the submission', 'error')]
    const found: PreflightViolations[number][] = []
    const name = image.replace(/@sha256:[0-9a-f]{64}$/, '')
    const tag = /:([\w][\w.-]*)$/.exec(name)?.[1]
    if (name === image && tag === undefined) found.push(breach(`${image} has no tag, which is latest`))
    if (name === image && tag === 'latest') found.push(breach(`${image} has the tag latest, which moves`))
    const nodes = cluster?.nodes.kind === 'read' ? cluster.nodes.value : undefined
    if (
      policy === 'Never' &&
      nodes !== undefined &&
      !nodes.some((node) => node.images.some((one) => isImage(one, image)))
    ) {
      found.push(breach(`${image} lies on no node, as far as nodes tell, and the pull policy is Never`))
    }
    const stated = input.kind === 'application' ? podPart(input.object, 'spec').sparkVersion : undefined
    const [said, own] = [typeof stated === 'string' ? parseSparkVersion(stated) : undefined, parseImageVersion(image)]
    if (said !== undefined && own !== undefined && compareVersions(said, own) !== 0) {
      found.push(
        breach(
          `${image} is of Spark ${formatVersion(own)} by its name, and spec.sparkVersion is ${formatVersion(said)}`,
        ),
      )
    }
    return found
  })
}

/** Nodes tell full names: `docker.io/apache/spark:3.5.1` for `apache/spark:3.5.1`. */
const isImage = (onNode: string, image: string) =>
  onNode === image ||
  onNode.endsWith(`/${image}`) ||
  onNode === `${image}:latest` ||
  onNode.endsWith(`/${image}:latest`)
