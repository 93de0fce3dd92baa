import pLimit from 'p-limit'
import { injectLabel } from '../../../../core/contract/pod-contract.ts'
import { toRecord, toStringOrEmpty } from '../../../../core/json.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { collectAccess } from '../../../cluster/access-review.ts'
import { type ApiReading, mapApiReading, readable } from '../../../cluster/reading.ts'
import { listObjects } from '../../../cluster/requests.ts'
import { parseAccountPolicies } from '../account-policy.ts'
import type { CheckEvidence, CheckedNamespace, PreEvidence, ServerVersion } from '../evidence.ts'
import { parseConfiguration, parseLabels } from '../installed-objects.ts'
import { accessToInstall } from '../needed-access.ts'
import { collectDrivers } from './drivers.ts'
import { probeNamespace } from './dry-run-probe.ts'
import { collectInstallation, findDeployments, installedSelector } from './installations.ts'
import { collectServer } from './server.ts'

const admissionApi = '/apis/admissionregistration.k8s.io/v1'

/** A namespace is like the next one; each trial is two admissions. */
const maxTrials = 10

export interface CollectOptions {
  readonly api: KubernetesApi
  readonly url: string
  readonly version: ApiReading<ServerVersion>
  readonly cliVersion: string
  /** Namespace of the installation, if -n is set. */
  readonly namespace: string | null
  readonly nowMs: number
  /** Shows the current step to a waiting user. */
  showProgress(text: string): void
}

/** Reads the cluster once, without changing it. Every request has a deadline. */
export async function collectEvidence(options: CollectOptions): Promise<CheckEvidence> {
  const { api, namespace, showProgress } = options
  showProgress('searching for the installation …')
  const [deployments, configurations, policies, namespaces] = await Promise.all([
    findDeployments(api, namespace),
    listObjects(api, `${admissionApi}/mutatingwebhookconfigurations`, installedSelector),
    collectPolicies(api),
    listObjects(api, '/api/v1/namespaces'),
  ])
  const found = deployments.kind === 'read' ? deployments.value : []
  const known = mapApiReading(namespaces, (objects) => objects.map(parseNamespace))
  const labelled = labelledNamespaces(known)
  showProgress('reading the cluster and its drivers, and testing the injection …')
  const [server, installations, trials, drivers] = await Promise.all([
    collectServer(api, options.url, options.version, found[0]?.namespace ?? 'default'),
    Promise.all(found.map((deployment) => collectInstallation(api, deployment))),
    found.length === 0 ? [] : pLimit(4).map(labelled.slice(0, maxTrials), (name) => probeNamespace(api, name)),
    known.kind === 'read' ? collectDrivers(api, labelled) : known,
  ])
  return {
    nowMs: options.nowMs,
    cliVersion: options.cliVersion,
    onlyNamespace: namespace,
    server,
    installations: deployments.kind === 'read' ? readable(installations) : deployments,
    configurations: mapApiReading(configurations, (objects) => objects.map(parseConfiguration)),
    policies,
    namespaces: known,
    trials,
    drivers,
  }
}

async function collectPolicies(api: KubernetesApi): Promise<CheckEvidence['policies']> {
  const [policies, bindings] = await Promise.all([
    listObjects(api, `${admissionApi}/validatingadmissionpolicies`, installedSelector),
    listObjects(api, `${admissionApi}/validatingadmissionpolicybindings`, installedSelector),
  ])
  if (policies.kind === 'unreadable') return policies.status === 404 ? readable(null) : policies
  return mapApiReading(bindings, (objects) => parseAccountPolicies(policies.value, objects))
}

/** ValidatingAdmissionPolicies are stable since 1.30. */
function hasAdmissionPolicies(version: ApiReading<ServerVersion>): boolean {
  if (version.kind === 'unreadable') return true
  const [major, minor] = version.value.numbers
  return major > 1 || minor >= 30
}

/** Reads what an installation needs. */
export async function collectPreEvidence(options: CollectOptions): Promise<PreEvidence> {
  const { api } = options
  const namespace = options.namespace ?? 'spark-nanny'
  options.showProgress('reading the cluster …')
  const [server, access] = await Promise.all([
    collectServer(api, options.url, options.version, 'default'),
    collectAccess(api, { kind: 'caller' }, accessToInstall(namespace, hasAdmissionPolicies(options.version))),
  ])
  return { server, namespace, access }
}

function labelledNamespaces(namespaces: ApiReading<readonly CheckedNamespace[]>): readonly string[] {
  if (namespaces.kind === 'unreadable') return []
  return namespaces.value.filter(({ labels }) => labels[injectLabel] === 'enabled').map(({ name }) => name)
}

function parseNamespace(object: unknown): CheckedNamespace {
  const { name, labels } = toRecord(toRecord(object).metadata)
  return { name: toStringOrEmpty(name), labels: parseLabels(labels) }
}
