import type { ProbeResult } from '../../../../cluster/dry-run.ts'
import { computeNodeCapabilities, type KnownNode, type NodeCapabilities } from '../../../../cluster/nodes.ts'
import type { ServerEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { type Category, type CheckResult, failure, formatCount, formatList, ok, unknown, warning } from '../result.ts'

interface Asked {
  readonly server: ServerEvidence
}

export const kubernetesApi: Category<Asked> = {
  name: 'kubernetes-api',
  checks: [
    {
      id: 'api-reachable',
      title: 'the API server answers',
      hint: 'See whether `kubectl version` answers with the same --context and --kubeconfig. Nothing else is checked until it does.',
      judge: ({ server: { url, version } }) =>
        // Who may not read /version has been answered.
        version.kind === 'read' || version.status === 403 ? ok(url) : failure(`${url}: ${version.detail}`),
    },
    {
      id: 'api-version',
      title: 'the API server is Kubernetes 1.29 or newer',
      hint: 'The sidecar is a native one, which Kubernetes has by default since 1.29. On an older one nothing is injected: upgrade.',
      judge: ({ server }) =>
        judgeReading(server.version, ({ text, numbers: [major, minor] }) =>
          major > 1 || minor >= 29 ? ok(text) : failure(`it is ${text}`),
        ),
    },
    {
      id: 'api-admission-registration',
      title: 'webhooks can be registered',
      hint: 'The API admissionregistration.k8s.io/v1 is part of Kubernetes; somebody has turned it off (--runtime-config).',
      judge: ({ server }) =>
        judgeReading(server.admission, (there) =>
          there ? ok() : failure('the API admissionregistration.k8s.io/v1 is absent'),
        ),
    },
    {
      id: 'api-native-sidecars',
      title: 'the API server takes native sidecars',
      hint: 'Asked by a server-side dry run, which stores nothing. `no`: the feature gate SidecarContainers is off. Unknown: you may lack `create pods` there, or a policy or quota of that namespace refuses the pod.',
      judge: ({ server }) => proofResult(server, server.proof.nativeSidecars, failure, 'it drops or refuses them'),
    },
    {
      id: 'nodes-native-sidecars',
      title: 'all nodes run native sidecars',
      hint: 'A driver may land on any node that can be scheduled on, so nothing is injected while one of them has a kubelet before 1.29. Upgrade or cordon it.',
      judge: ({ server }) => nodesResult(server, 'nativeSidecars', failure, 'nothing is injected'),
    },
    {
      id: 'api-in-place-restart',
      title: 'the API server takes the in-place restart rule',
      hint: 'RestartAllContainers is there since Kubernetes 1.36. Without it a hung driver’s pod fails instead, and its operator submits again; nothing has to be done.',
      judge: ({ server }) =>
        proofResult(
          server,
          server.proof.restartAllContainers,
          warning,
          'it drops or refuses it; a hung driver’s pod fails instead',
        ),
    },
    {
      id: 'nodes-in-place-restart',
      title: 'all nodes restart containers in place',
      hint: 'RestartAllContainers needs kubelets from 1.36 on, which declare RestartAllContainersOnContainerExits. Without it a hung driver’s pod fails instead; nothing has to be done.',
      judge: ({ server }) => nodesResult(server, 'restartAllContainers', warning, 'a hung driver’s pod fails instead'),
    },
  ],
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
    if (relevant.length === 0) return bad('there is no Linux node that can be scheduled on')
    // Each by itself: of nodes that declare features and such that do not, the latter are in doubt.
    const lacking = relevant.filter((node) => !computeNodeCapabilities(alone(node, relevant))[capability])
    return bad(`${formatList(lacking.map(({ name }) => name))} cannot; ${effect}`)
  })
}

const isRelevant = ({ schedulable, linux }: KnownNode) => schedulable && linux

/** A node that declares nothing counts as one that lacks the feature where others declare theirs. */
function alone(node: KnownNode, all: readonly KnownNode[]): readonly KnownNode[] {
  const declared = all.some(({ declaredFeatures }) => declaredFeatures !== null)
  return [declared && node.declaredFeatures === null ? { ...node, declaredFeatures: [] } : node]
}
