import { parse } from 'yaml'
import { readChartFile } from './chart-values.ts'
import { escapeCell } from './markdown.ts'

/** One permission of files/rbac.yaml. */
export interface Permission {
  readonly why: string
  /** About objects without a namespace, so that a Role cannot grant it. */
  readonly clusterScoped?: boolean
  /** The sources of the serving certificate that need the rule; if not set, all. */
  readonly certificates?: readonly string[]
  /** What the permission is good for with a stolen token, without and with the admission policies. */
  readonly stolen: { readonly without: string; readonly with?: string }
  readonly rule: {
    readonly apiGroups?: readonly string[]
    readonly resources?: readonly string[]
    readonly resourceNames?: readonly string[]
    readonly nonResourceURLs?: readonly string[]
    readonly verbs: readonly string[]
  }
}

export interface Permissions {
  readonly cluster: readonly Permission[]
  readonly namespace: readonly Permission[]
}

/** One ValidatingAdmissionPolicy of files/policies.yaml. */
export interface AdmissionPolicy {
  readonly name: string
  readonly allows: string
  readonly spec: {
    readonly matchConstraints: {
      readonly resourceRules: readonly {
        readonly apiGroups: readonly string[]
        readonly operations: readonly string[]
        readonly resources: readonly string[]
      }[]
    }
    readonly variables?: readonly { readonly name: string; readonly expression: string }[]
    readonly validations: readonly { readonly message: string; readonly expression: string }[]
  }
}

export const readPermissions = (): Permissions => parse(readChartFile('files/rbac.yaml')) as Permissions
export const readPolicies = (): readonly AdmissionPolicy[] =>
  parse(readChartFile('files/policies.yaml')) as readonly AdmissionPolicy[]

/** Returns the whole docs/rbac.md. */
export function renderRbacPage(
  { cluster, namespace }: Permissions = readPermissions(),
  policies: readonly AdmissionPolicy[] = readPolicies(),
): string {
  const sections = [
    heading,
    `## In all namespaces\n\n${renderPermissions(cluster)}`,
    `## In the release namespace\n\n${renderPermissions(namespace)}`,
    accountSection,
    `${namespacesSection}\n\n${renderPermissions(cluster.filter(({ clusterScoped }) => clusterScoped))}`,
    `${policiesSection}\n\n${renderPolicies(policies)}`,
    `${stolenTokenSection}\n\n${renderThefts([...cluster, ...namespace])}\n\n${hardeningSection}`,
    helmTestSection,
  ]
  return `${sections.join('\n\n')}\n`
}

const heading = `<!-- Generated from charts/spark-nanny/files/rbac.yaml and policies.yaml by \`npm run docs\`. Do not edit. -->
# Permissions

The permissions of the webhook process, and their reasons. The chart grants only these. With \`rbac.create: false\`, you create the
roles yourself. In a release named \`spark-nanny\`, \`<fullname>\` is \`spark-nanny\`. The sidecar has no permissions, because it has
no token.`

const accountSection = `## One ServiceAccount

Admission and the controller use the same ServiceAccount. They run in one process, the controller in a thread of it. A second
account would only be a second token in the same file system: an attacker who reads one reads both. Separate accounts would need
separate Deployments. Then a driver could be admitted while nothing bypasses a sidecar that blocks it.

Admission itself changes nothing: it reads SparkApplications, limits and nodes, and creates a pod as a dry run only. The writes of
the process are those of the certificates and those of the leader. The admission policies below limit the account to these writes, field by field. The sidecars
have no token, and the pod of \`helm test\` has an account of its own.`

const namespacesSection = `## In some namespaces only

With \`rbac.namespaces\`, there is no ClusterRole. Each listed namespace gets a Role \`<fullname>-drivers\` with the rules above, and
\`get\` on the namespace itself. Drivers in other namespaces are neither injected nor watched. Label each listed namespace: the
controller treats all of them as labelled.

- Nodes cannot be read. Each counts as one with the kubelet of \`rbac.oldestKubelet\`, by default three minor versions before the
  API server. A native sidecar needs 1.29, and a restart in place 1.35 or 1.36. For a pod that does not terminate, the controller
  cannot report whether its node is gone.
- Annotations of a namespace, such as a pause, are noticed within 30 seconds. If a namespace cannot be read, no action is taken in
  it.
- The webhook cannot write its \`caBundle\`. Use cert-manager, or an existing Secret with \`webhook.tls.caBundle\`.
- Kubernetes permits each account to discover its API by default (ClusterRole system:discovery). If you removed that, no sidecar is
  injected, because OpenShift cannot be ruled out.
- There is no \`helm test\`, and each namespace of \`sparkApps\` must be listed.

The installer still creates the cluster-wide webhook configuration, and the admission policies unless they are disabled. These
rules are omitted:`

const policiesSection = `## Admission policies

A role can permit a verb on a kind of object, but not the change of one field. On Kubernetes 1.30 and newer, the chart
therefore installs ValidatingAdmissionPolicies with bindings. They apply only to requests of the release's ServiceAccount. The
API server rejects a request of this account that a policy does not allow. No other account is affected, even if a policy fails.

A mutating webhook or policy may change other fields of a driver pod in the same update. The API server then rejects
the update: a sidecar that blocks its driver is not bypassed, for example. The webhook logs the message of the policy. Exclude
updates by spark-nanny from the mutation, or set \`admissionPolicies.enabled\` to \`false\`.

If \`serviceAccount.create\` is \`false\` and other programs use the same ServiceAccount, the policies restrict those too.
\`spark-nanny check\` reports a missing policy.`

const stolenTokenSection = `## A stolen token

The token is in the file system of each webhook pod. An attacker who reads it can use each permission:`

const hardeningSection = `For the fewest permissions, use cert-manager (\`certManager.enabled\`), or an existing Secret with
\`webhook.tls.caBundle\`. The webhook then has no permission for the webhook configuration and for Secrets. Do not install
spark-nanny in kube-system: \`create\` on pods applies to the release namespace.`

const helmTestSection = `## During helm test

The pod of \`helm test\` has a separate ServiceAccount, which may read (\`get\`) the MutatingWebhookConfiguration \`<fullname>\`. It
verifies the webhook with the CA certificates in it. The account and its role are deleted when the test ends.`

function renderPermissions(permissions: readonly Permission[]): string {
  const rows = permissions.map(
    ({ rule, why, certificates }) =>
      `| ${formatResources(rule)} | ${rule.verbs.join(', ')} | ${escapeCell(why)}${certificates === undefined ? '' : ` Only for certificates from: ${certificates.join(', ')}.`} |`,
  )
  return ['| resource | verbs | reason |', '| --- | --- | --- |', ...rows].join('\n')
}

function renderPolicies(policies: readonly AdmissionPolicy[]): string {
  const rows = policies.map(
    ({ name, allows }) => `| \`<fullname>-${name}\` | ${escapeCell(`The ServiceAccount ${allows}.`)} |`,
  )
  return ['| policy | what it allows |', '| --- | --- |', ...rows].join('\n')
}

function renderThefts(permissions: readonly Permission[]): string {
  const rows = permissions.map(({ rule, stolen }) => {
    const cells = [
      `${rule.verbs.join(', ')} ${formatResources(rule)}`,
      escapeCell(stolen.without),
      escapeCell(stolen.with ?? 'The same.'),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return ['| permission | without the policies | with the policies |', '| --- | --- | --- |', ...rows].join('\n')
}

function formatResources({
  apiGroups = [],
  resources: names = [],
  resourceNames,
  nonResourceURLs = [],
}: Permission['rule']): string {
  const qualifiedNames = names.flatMap((name) => apiGroups.map((group) => (group === '' ? name : `${name}.${group}`)))
  const restriction =
    resourceNames === undefined ? '' : ` named ${resourceNames.map((name) => `\`${name}\``).join(', ')}`
  return `${[...qualifiedNames, ...nonResourceURLs].map((name) => `\`${name}\``).join(', ')}${restriction}`
}
