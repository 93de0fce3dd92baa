import { readable, unreadable } from '../../../../cli/cluster/reading.ts'
import type { AccountPolicy } from '../../../../cli/commands/check/account-policy.ts'
import { categories } from '../../../../cli/commands/check/categories.ts'
import { type CheckedDriver, parseCheckedDriver } from '../../../../cli/commands/check/driver.ts'
import type { CheckEvidence, CheckedNamespace, Installation } from '../../../../cli/commands/check/evidence.ts'
import {
  parseConfiguration,
  parseDeployment,
  parseWebhookPod,
  type WebhookConfiguration,
  type WebhookDeployment,
  type WebhookPod,
} from '../../../../cli/commands/check/installed-objects.ts'
import type { CheckResult } from '../../../../cli/commands/check/result.ts'
import { nowMs, version } from './fake-cluster.ts'
import { authority, deployment, driver, issueLeafDaysAgo, replica, webhookConfiguration } from './installed.ts'

export const leaf = await issueLeafDaysAgo(1)
export const unread = unreadable('HTTP 403: forbidden', 403)
const yes = {
  nativeSidecars: 'yes',
  restartAllContainers: 'yes',
  containerRestartRules: 'yes',
  openShift: 'no',
} as const

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
  pods: readable([parseWebhookPod(replica(1)), parseWebhookPod(replica(2))]),
  budgets: readable([{ name: 'spark-nanny', selector: [] }]),
  certificate: readable({ secret: 'spark-nanny-webhook-tls', certificatePem: leaf.certificatePem }),
  access: readable([{ what: 'patch pods', allowed: true }]),
}

export const healthyPolicy: AccountPolicy = {
  name: 'spark-nanny',
  resources: ['pods', 'sparkapplications', 'mutatingwebhookconfigurations'],
  conditions: ["request.userInfo.username == 'system:serviceaccount:spark-nanny:spark-nanny'"],
  isEnforced: true,
}

export const healthyDriver: CheckedDriver = createCheckedDriver({})

/** Evidence for which every check passes. */
export const healthyEvidence: CheckEvidence = {
  nowMs,
  cliVersion: version,
  onlyNamespace: null,
  server: {
    url: 'https://api:6443',
    version: readable({ text: 'v1.36.3', numbers: [1, 36] }),
    admission: readable(true),
    proof: yes,
    dryRunNamespace: 'spark-nanny',
    dryRunProblem: null,
    nodes: readable([node, { ...node, name: 'node-2' }]),
  },
  installations: readable([healthyInstallation]),
  configurations: readable([healthyConfiguration]),
  policies: readable([healthyPolicy]),
  namespaces: readable([
    createCheckedNamespace('kube-system'),
    createCheckedNamespace('spark-nanny'),
    createCheckedNamespace('jobs', { 'spark-nanny.io/inject': 'enabled' }),
  ]),
  trials: [{ namespace: 'jobs', pod: { kind: 'changed', version }, service: { kind: 'changed', version: '' } }],
  drivers: readable([healthyDriver]),
}

export function createCheckedNamespace(name: string, labels: Readonly<Record<string, string>> = {}): CheckedNamespace {
  return { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } }
}

export function createCheckedDriver(changes: Partial<CheckedDriver>): CheckedDriver {
  const parsed = parseCheckedDriver(driver('etl-driver', version))
  if (parsed === undefined) throw new Error('the driver has ended')
  return { ...parsed, ...changes }
}

export const withServer = (changes: Partial<CheckEvidence['server']>): CheckEvidence => ({
  ...healthyEvidence,
  server: { ...healthyEvidence.server, ...changes },
})
export const withInstallation = (changes: Partial<Installation>): CheckEvidence => ({
  ...healthyEvidence,
  installations: readable([{ ...healthyInstallation, ...changes }]),
})
export const withDeployment = (changes: Partial<WebhookDeployment>): CheckEvidence =>
  withInstallation({ deployment: { ...healthyDeployment, ...changes } })
/** Evidence with changes to the first replica. */
export const withPod = (changes: Partial<WebhookPod>): CheckEvidence =>
  withInstallation({ pods: readable([{ ...parseWebhookPod(replica(1)), ...changes }, parseWebhookPod(replica(2))]) })
/** Evidence with changes to both webhooks. */
export const withWebhooks = (changes: Partial<WebhookConfiguration['webhooks'][number]>): CheckEvidence => ({
  ...healthyEvidence,
  configurations: readable([
    { ...healthyConfiguration, webhooks: healthyConfiguration.webhooks.map((one) => ({ ...one, ...changes })) },
  ]),
})
export const withDriver = (changes: Partial<CheckedDriver>): CheckEvidence => ({
  ...healthyEvidence,
  drivers: readable([createCheckedDriver(changes)]),
})

/** Runs the check with this id on the evidence. */
export function runCheck(id: string, evidence: CheckEvidence): CheckResult {
  const check = categories.flatMap(({ checks }) => checks).find((one) => one.id === id)
  if (check === undefined) throw new Error(`there is no check ${id}`)
  return check.judge(evidence)
}
