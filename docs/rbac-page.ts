import { parse } from 'yaml'
import { readChartFile } from './chart-values.ts'
import { escapeCell } from './markdown.ts'

/** One permission of files/rbac.yaml. */
export interface Permission {
  readonly why: string
  /** The sources of the serving certificate that need the rule; if not set, all. */
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

/** Returns the whole docs/rbac.md. */
export function renderRbacPage({ cluster, namespace }: Permissions = readPermissions()): string {
  return `${[heading, `## In all namespaces\n\n${renderPermissions(cluster)}`, `## In the release namespace\n\n${renderPermissions(namespace)}`, helmTestSection].join('\n\n')}\n`
}

const heading = `<!-- Generated from charts/spark-nanny/files/rbac.yaml by \`npm run docs\`. Do not edit. -->
# Permissions

The permissions of the webhook process, and their reasons. The chart grants only these. With \`rbac.create: false\`, you create the
roles yourself. In a release named \`spark-nanny\`, \`<fullname>\` is \`spark-nanny\`. The sidecar has no permissions, because it has
no token.`

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
