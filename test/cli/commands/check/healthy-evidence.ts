import { read, unreadable } from '../../../../cli/cluster/reading.ts'
import { categories } from '../../../../cli/commands/check/categories.ts'
import { type Driver, parseDriver } from '../../../../cli/commands/check/driver.ts'
import type { Evidence, Installation, Namespace } from '../../../../cli/commands/check/evidence.ts'
import {
  parseConfiguration,
  parseDeployment,
  parseWebhookPod,
  type WebhookConfiguration,
  type WebhookDeployment,
  type WebhookPod,
} from '../../../../cli/commands/check/installed-objects.ts'
import type { Result } from '../../../../cli/commands/check/result.ts'
import { nowMs, version } from './fake-cluster.ts'
import { authority, deployment, driver, leafMadeDaysAgo, replica, webhookConfiguration } from './installed.ts'

export const leaf = await leafMadeDaysAgo(1)
export const unread = unreadable('HTTP 403: forbidden', 403)
const yes = { nativeSidecars: 'yes', restartAllContainers: 'yes', openShift: 'no' } as const

export const node = {
  name: 'node-1',
  schedulable: true,
  linux: true,
  kubelet: [1, 36],
  declaredFeatures: ['RestartAllContainersOnContainerExits'],
} as const

export const healthyDeployment: WebhookDeployment = parseDeployment(deployment({ wanted: 2, ready: 2 }))
export const healthyConfiguration: WebhookConfiguration = parseConfiguration(
  webhookConfiguration(authority.certificatePem),
)

export const healthyInstallation: Installation = {
  deployment: healthyDeployment,
  pods: read([parseWebhookPod(replica(1)), parseWebhookPod(replica(2))]),
  budgets: read([{ name: 'spark-nanny', selector: [] }]),
  certificate: read({ secret: 'spark-nanny-webhook-tls', certificatePem: leaf.certificatePem }),
  access: read([{ what: 'patch pods', allowed: true }]),
}

export const healthyDriver: Driver = driverOf({})

/** Everything that the checks look at, and all of it well. */
export const healthyEvidence: Evidence = {
  nowMs,
  cliVersion: version,
  onlyNamespace: null,
  server: {
    url: 'https://api:6443',
    version: read({ text: 'v1.36.3', numbers: [1, 36] }),
    admission: read(true),
    proof: yes,
    dryRunNamespace: 'spark-nanny',
    dryRunProblem: null,
    nodes: read([node, { ...node, name: 'node-2' }]),
  },
  installations: read([healthyInstallation]),
  configurations: read([healthyConfiguration]),
  namespaces: read([
    namespaceOf('kube-system'),
    namespaceOf('spark-nanny'),
    namespaceOf('jobs', { 'spark-nanny.io/inject': 'enabled' }),
  ]),
  trials: [{ namespace: 'jobs', pod: { kind: 'changed', version }, service: { kind: 'changed', version: '' } }],
  drivers: read([healthyDriver]),
}

export function namespaceOf(name: string, labels: Readonly<Record<string, string>> = {}): Namespace {
  return { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } }
}

export function driverOf(changes: Partial<Driver>): Driver {
  const parsed = parseDriver(driver('etl-driver', version))
  if (parsed === undefined) throw new Error('the driver has ended')
  return { ...parsed, ...changes }
}

export const withServer = (changes: Partial<Evidence['server']>): Evidence => ({
  ...healthyEvidence,
  server: { ...healthyEvidence.server, ...changes },
})
export const withInstallation = (changes: Partial<Installation>): Evidence => ({
  ...healthyEvidence,
  installations: read([{ ...healthyInstallation, ...changes }]),
})
export const withDeployment = (changes: Partial<WebhookDeployment>): Evidence =>
  withInstallation({ deployment: { ...healthyDeployment, ...changes } })
/** The first replica changed. */
export const withPod = (changes: Partial<WebhookPod>): Evidence =>
  withInstallation({ pods: read([{ ...parseWebhookPod(replica(1)), ...changes }, parseWebhookPod(replica(2))]) })
/** Both webhooks changed. */
export const withWebhooks = (changes: Partial<WebhookConfiguration['webhooks'][number]>): Evidence => ({
  ...healthyEvidence,
  configurations: read([
    { ...healthyConfiguration, webhooks: healthyConfiguration.webhooks.map((one) => ({ ...one, ...changes })) },
  ]),
})
export const withDriver = (changes: Partial<Driver>): Evidence => ({
  ...healthyEvidence,
  drivers: read([driverOf(changes)]),
})

/** What the check of this id says of the evidence. */
export function judged(id: string, evidence: Evidence): Result {
  const check = categories.flatMap(({ checks }) => checks).find((one) => one.id === id)
  if (check === undefined) throw new Error(`there is no check ${id}`)
  return check.judge(evidence)
}
