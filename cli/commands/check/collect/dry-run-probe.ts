import { createDryRunPod, formatDryRunPath } from '../../../../cluster/dry-run.ts'
import { injectedAnnotation, sidecarContainerName } from '../../../../core/contract/pod-contract.ts'
import { isRecord, toRecord, toStringOrEmpty } from '../../../../core/json.ts'
import { type ApiResponse, describeResponse, type KubernetesApi } from '../../../../kubernetes/api.ts'
import { requestDeadlineMs } from '../../../cluster/requests.ts'
import type { DryRunOutcome, DryRunProbe } from '../evidence.ts'

/** Creates a driver pod and its Service like Spark's in a server-side dry run, which stores nothing. */
export async function probeNamespace(api: KubernetesApi, namespace: string): Promise<DryRunProbe> {
  const post = (path: string, body: object) =>
    api.request({ method: 'POST', path, body, deadlineMs: requestDeadlineMs })
  const [pod, service] = await Promise.all([
    post(formatDryRunPath(namespace), samplePod()),
    post(formatDryRunPath(namespace).replace('/pods?', '/services?'), sampleService),
  ])
  return { namespace, pod: podOutcome(pod), service: serviceOutcome(service) }
}

const labels = {
  'spark-role': 'driver',
  'spark-app-selector': 'spark-nanny-check',
  'spark-app-name': 'spark-nanny-check',
}

/** A driver pod that complies with the PodSecurity level `restricted` and has no sidecar yet. */
function samplePod(): object {
  const pod = toRecord(createDryRunPod('none'))
  const { initContainers: _, ...spec } = toRecord(pod.spec)
  const containers = Array.isArray(spec.containers) ? spec.containers.filter(isRecord) : []
  return {
    ...pod,
    metadata: { generateName: 'spark-nanny-check-', labels },
    spec: {
      ...spec,
      containers: containers.map((container) => ({
        ...container,
        name: 'spark-kubernetes-driver',
        args: ['driver', '--class', 'none.Check', 'local:///none.jar'],
        ports: [{ name: 'spark-ui', containerPort: 4040 }],
      })),
    },
  }
}

const sampleService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'spark-nanny-check-driver-svc', labels },
  spec: {
    clusterIP: 'None',
    selector: labels,
    ports: [{ name: 'driver-rpc-port', port: 7078, targetPort: 7078 }],
  },
}

function podOutcome(response: ApiResponse): DryRunOutcome {
  return outcome(response, ({ spec, metadata }) => {
    const { initContainers } = toRecord(spec)
    const injected =
      Array.isArray(initContainers) && initContainers.some((one) => toRecord(one).name === sidecarContainerName)
    return injected ? toStringOrEmpty(toRecord(toRecord(metadata).annotations)[injectedAnnotation]) : undefined
  })
}

function serviceOutcome(response: ApiResponse): DryRunOutcome {
  return outcome(response, ({ spec }) => (toRecord(spec).publishNotReadyAddresses === true ? '' : undefined))
}

function outcome(
  response: ApiResponse,
  versionOf: (object: Record<string, unknown>) => string | undefined,
): DryRunOutcome {
  if (response.kind === 'failed' || response.status !== 201)
    return { kind: 'refused', detail: describeResponse(response) }
  const version = versionOf(toRecord(response.body))
  return version === undefined ? { kind: 'unchanged' } : { kind: 'changed', version }
}
