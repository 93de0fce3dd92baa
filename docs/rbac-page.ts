import { parse } from 'yaml'
import { readChartFile } from './chart-values.ts'
import { cell } from './markdown.ts'

/** One permission of files/rbac.yaml. */
export interface Permission {
  readonly why: string
  /** The sources of the serving certificate that need it; absent: all. */
  readonly certificates?: readonly string[]
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

export const readPermissions = (): Permissions => parse(readChartFile('files/rbac.yaml')) as Permissions

/** docs/rbac.md, whole. */
export function rbacPage({ cluster, namespace }: Permissions = readPermissions()): string {
  return `${[heading, `## In all namespaces\n\n${list(cluster)}`, `## In its own namespace\n\n${list(namespace)}`, test].join('\n\n')}\n`
}

const heading = `<!-- Generated from charts/spark-nanny/files/rbac.yaml by \`npm run docs\`. Do not edit. -->
# Permissions

What the webhook process may do, and why. The chart grants this and nothing else; \`rbac.create: false\` leaves it to you.
\`<fullname>\` is \`spark-nanny\` in a release of that name. The sidecar has no permission: no token reaches it.`

const test = `## During helm test

The pod of \`helm test\` has an account of its own, which may read (\`get\`) the MutatingWebhookConfiguration \`<fullname>\`: it
verifies the webhook by the certificate authority that stands there. Account and role go when the test ends.`

function list(permissions: readonly Permission[]): string {
  const rows = permissions.map(
    ({ rule, why, certificates }) =>
      `| ${resources(rule)} | ${rule.verbs.join(', ')} | ${cell(why)}${certificates === undefined ? '' : ` Only with certificates of: ${certificates.join(', ')}.`} |`,
  )
  return ['| resource | verbs | why |', '| --- | --- | --- |', ...rows].join('\n')
}

function resources({
  apiGroups = [],
  resources: names = [],
  resourceNames,
  nonResourceURLs = [],
}: Permission['rule']): string {
  const full = names.flatMap((name) => apiGroups.map((group) => (group === '' ? name : `${name}.${group}`)))
  const named = resourceNames === undefined ? '' : ` named ${resourceNames.map((name) => `\`${name}\``).join(', ')}`
  return `${[...full, ...nonResourceURLs].map((name) => `\`${name}\``).join(', ')}${named}`
}
