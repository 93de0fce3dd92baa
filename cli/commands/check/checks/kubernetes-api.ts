import type { ProbeResult } from '../../../../cluster/dry-run.ts'
import { computeNodeCapabilities, type KnownNode, type NodeCapabilities } from '../../../../cluster/nodes.ts'
import type { ServerEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { type Category, type CheckResult, failure, formatCount, formatList, ok, unknown, warning } from '../result.ts'

interface WithServer {
  readonly server: ServerEvidence
}

export const kubernetesApi: Category<WithServer> = {
  name: 'kubernetes-api',
  checks: [
    {
      id: 'api-reachable',
      title: 'the API server responds',
      hint: 'Check whether `kubectl version` works with the same --context and --kubeconfig. No other check can run until the API server responds.',
      judge: ({ server: { url, version } }) =>
        // A refusal to show /version is a response, too.
        version.kind === 'read' || version.status === 403 ? ok(url) : failure(`${url}: ${version.detail}`),
    },
    {
      id: 'api-version',
      title: 'the API server runs Kubernetes 1.29 or newer',
      hint: 'spark-nanny needs native sidecars, which Kubernetes enables by default since 1.29. In an older cluster no driver is injected. Upgrade the cluster.',
      judge: ({ server }) =>
        judgeReading(server.version, ({ text, numbers: [major, minor] }) =>
          major > 1 || minor >= 29 ? ok(text) : failure(`the version is ${text}`),
        ),
    },
    {
      id: 'api-admission-registration',
      title: 'the API server supports admission webhooks',
      hint: 'The API admissionregistration.k8s.io/v1 is part of Kubernetes, but is disabled in this cluster (--runtime-config).',
      judge: ({ server }) =>
        judgeReading(server.admission, (exists) =>
          exists ? ok() : failure('there is no API admissionregistration.k8s.io/v1'),
        ),
    },
    {
      id: 'api-native-sidecars',
      title: 'the API server supports native sidecars',
      hint: 'Tested by a server-side dry run, which stores nothing. Error: the feature gate SidecarContainers is disabled. Unknown: you lack `create pods` in that namespace, or one of its policies or quotas refuses the pod.',
      judge: ({ server }) => proofResult(server, server.proof.nativeSidecars, failure, 'it drops or rejects them'),
    },
    {
      id: 'nodes-native-sidecars',
      title: 'all nodes support native sidecars',
      hint: 'A driver may be scheduled on any node. Therefore no driver is injected while a schedulable node has a kubelet older than 1.29. Upgrade or cordon that node.',
      judge: ({ server }) => nodesResult(server, 'nativeSidecars', failure, 'no driver is injected'),
    },
    {
      id: 'api-in-place-restart',
      title: 'the API server supports in-place restarts',
      hint: 'Kubernetes supports RestartAllContainers since 1.36, and restart rules of one container since 1.35. Without both, the pod of a hung driver fails instead, and its operator resubmits the application. No action is required.',
      judge: ({ server }) =>
        server.proof.restartAllContainers === 'no' && server.proof.containerRestartRules === 'yes'
          ? ok(driverAlone)
          : proofResult(
              server,
              server.proof.restartAllContainers,
              warning,
              'it drops or rejects the restart rules; the pod of a hung driver fails instead',
            ),
    },
    {
      id: 'nodes-in-place-restart',
      title: 'all nodes support in-place restarts',
      hint: 'RestartAllContainers needs kubelets of 1.36 or newer that declare RestartAllContainersOnContainerExits; restart rules of one container need 1.35. Without both, the pod of a hung driver fails instead. No action is required.',
      judge: ({ server }) => judgeReading(server.nodes, (known) => judgeInPlaceRestart(server, known)),
    },
  ],
}

const driverAlone = 'of the driver container alone'

/** Nodes of which none can restart all containers are as new as each other. If only some can, the others hold them back. */
function judgeInPlaceRestart(server: ServerEvidence, known: readonly KnownNode[]): CheckResult {
  const { containerRestartRules } = computeNodeCapabilities(known)
  const relevant = known.filter(isRelevant)
  const someRestartAll = relevant.some((node) => computeNodeCapabilities(alone(node, relevant)).restartAllContainers)
  if (containerRestartRules && !someRestartAll) return ok(driverAlone)
  const effect = containerRestartRules
    ? 'a hung driver’s container is restarted alone'
    : 'the pod of a hung driver fails instead'
  return nodesResult(server, 'restartAllContainers', warning, effect)
}

function proofResult(
  server: ServerEvidence,
  proof: ProbeResult,
  bad: (detail: string) => CheckResult,
  no: string,
): CheckResult {
  switch (proof) {
    case 'yes':
      return ok()
    case 'no':
      return bad(no)
    case 'unknown':
      return unknown(`dry run of a pod in namespace ${server.dryRunNamespace}: ${server.dryRunProblem ?? 'no answer'}`)
  }
}

function nodesResult(
  { nodes }: ServerEvidence,
  capability: keyof NodeCapabilities,
  bad: (detail: string) => CheckResult,
  effect: string,
): CheckResult {
  return judgeReading(nodes, (known) => {
    if (computeNodeCapabilities(known)[capability]) return ok(formatCount(known.filter(isRelevant).length, 'node'))
    const relevant = known.filter(isRelevant)
    if (relevant.length === 0) return bad('there is no schedulable Linux node')
    // Judge each node alone. If only some nodes declare features, the others count as lacking them.
    const lacking = relevant.filter((node) => !computeNodeCapabilities(alone(node, relevant))[capability])
    return bad(`not supported by ${formatList(lacking.map(({ name }) => name))}; ${effect}`)
  })
}

const isRelevant = ({ schedulable, linux }: KnownNode) => schedulable && linux

/** If other nodes declare features, a node that declares none counts as lacking all of them. */
function alone(node: KnownNode, all: readonly KnownNode[]): readonly KnownNode[] {
  const declared = all.some(({ declaredFeatures }) => declaredFeatures !== null)
  return [declared && node.declaredFeatures === null ? { ...node, declaredFeatures: [] } : node]
}
