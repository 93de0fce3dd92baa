import { whenAborted } from '../core/abort.ts'
import { boundText } from '../core/bounded-text.ts'
import { toRecord, toRecords, toText } from '../core/json.ts'
import { createReflector, type Reflector, type ReflectorDeps } from '../kubernetes/reflector.ts'
import type { Collection } from '../kubernetes/store.ts'

/** The part of a node that is kept in memory. */
export interface KnownNode {
  readonly schedulable: boolean
  readonly linux: boolean
  /** `[1, 36]` of v1.36.3; null if the version has another form. */
  readonly kubelet: readonly [number, number] | null
  /** `status.declaredFeatures`; null if the node does not report it. */
  readonly declaredFeatures: readonly string[] | null
  /** Undefined if the node is Ready, or does not report its condition. */
  readonly notReady?: NotReady
  /** True if nodes cannot be read, so that this one represents each of them. */
  readonly isAssumed?: boolean
}

/** One node of that version in place of all. */
function assumeNodes(kubelet: readonly [number, number]): Reflector<KnownNode> {
  const node: KnownNode = { schedulable: true, linux: true, kubelet, declaredFeatures: null, isAssumed: true }
  return {
    objects: { get: () => node, in: () => [node], all: () => [node].values(), size: 1, revision: 1 },
    synced: () => true,
    whenSynced: async () => {},
    stale: () => false,
    // A loop that ends early counts as failed.
    run: whenAborted,
  }
}

/** Why and since when a node is not Ready. The node controller reports it if the kubelet no longer does. */
export interface NotReady {
  readonly sinceMs: number | null
  readonly detail: string
}

export interface NodeCapabilities {
  readonly nativeSidecars: boolean
  readonly restartAllContainers: boolean
  readonly containerRestartRules: boolean
}

/** Kubernetes' name of the feature, as nodes declare it (k8s.io/component-helpers/nodedeclaredfeatures). */
const restartAllContainersFeature = 'RestartAllContainersOnContainerExits'

/**
 * What every schedulable Linux node supports, because a driver may be scheduled on any of them. To a kubelet before 1.29 a
 * native sidecar is an init container that never ends. Nothing is supported if a version is unreadable or there are no nodes.
 */
export function computeNodeCapabilities(nodes: Iterable<KnownNode>): NodeCapabilities {
  const relevant = [...nodes].filter(({ schedulable, linux }) => schedulable && linux)
  const allSupport = (test: (node: KnownNode) => boolean) => relevant.length > 0 && relevant.every(test)
  // From 1.36 on nodes declare features if the gate NodeDeclaredFeatures is enabled, and the scheduler uses them.
  const declared = relevant.some(({ declaredFeatures }) => declaredFeatures !== null)
  return {
    nativeSidecars: allSupport((node) => isAtLeast(node, 29)),
    restartAllContainers: allSupport(
      (node) =>
        isAtLeast(node, 36) && (!declared || node.declaredFeatures?.includes(restartAllContainersFeature) === true),
    ),
    // The feature gate ContainerRestartRules is enabled by default since 1.35. Nodes do not declare that feature.
    containerRestartRules: allSupport((node) => isAtLeast(node, 35)),
  }
}

const isAtLeast = ({ kubelet }: KnownNode, minor: number) =>
  kubelet !== null && (kubelet[0] > 1 || (kubelet[0] === 1 && kubelet[1] >= minor))

/** The part of a node that is kept. Without fields it is a schedulable Linux node whose version is unknown. */
export function projectNode(object: unknown): KnownNode {
  const { metadata, spec, status } = toRecord(object)
  const { nodeInfo, declaredFeatures, conditions } = toRecord(status)
  const version = /^v(\d+)\.(\d+)\./.exec(toText(toRecord(nodeInfo).kubeletVersion))
  return {
    schedulable: toRecord(spec).unschedulable !== true,
    linux: toRecord(toRecord(metadata).labels)['kubernetes.io/os'] !== 'windows',
    kubelet: version === null ? null : [Number(version[1]), Number(version[2])],
    declaredFeatures: Array.isArray(declaredFeatures) ? declaredFeatures.map(String) : null,
    ...parseNotReady(conditions),
  }
}

function parseNotReady(conditions: unknown): { readonly notReady?: NotReady } {
  const ready = toRecords(conditions).find(({ type }) => type === 'Ready')
  if (ready === undefined || ready.status === 'True') return {}
  const atMs = Date.parse(toText(ready.lastTransitionTime))
  const detail = [ready.reason, ready.message].filter((text) => typeof text === 'string' && text !== '').join(': ')
  return { notReady: { sinceMs: Number.isNaN(atMs) ? null : atMs, detail: boundText(detail, 200) } }
}

/** {@link computeNodeCapabilities} of a collection, computed again only after the collection has changed. */
export function memoizeNodeCapabilities(nodes: Collection<KnownNode>): () => NodeCapabilities {
  let revision = -1
  let known: NodeCapabilities = { nativeSidecars: false, restartAllContainers: false, containerRestartRules: false }
  return () => {
    if (nodes.revision !== revision) known = computeNodeCapabilities(nodes.all())
    revision = nodes.revision
    return known
  }
}

/**
 * The nodes are watched, so that an old node that joins the cluster counts at once. With a scope they cannot be read: then each
 * counts as one with the oldest kubelet.
 */
export function watchNodes(deps: ReflectorDeps): Reflector<KnownNode> {
  if (deps.scope) return assumeNodes(deps.scope.oldestKubelet)
  return createReflector({ path: '/api/v1/nodes', project: projectNode }, deps)
}
