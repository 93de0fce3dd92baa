import chart from '../package.json' with { type: 'json' }
import {
  type ChartLeaf,
  type ChartSection,
  type ChartValue,
  parseChartSections,
  readChartFile,
} from './chart-values.ts'
import { escapeCell } from './markdown.ts'

/** Returns the whole charts/spark-nanny/README.md. */
export function renderChartReadme(valuesText = readChartFile('values.yaml')): string {
  return `${[heading, ...parseChartSections(valuesText).map(renderSection)].join('\n\n')}\n`
}

const heading = `<!-- Generated from values.yaml by \`npm run docs\`. Do not edit. -->
# Helm chart of spark-nanny

${chart.description}. Version ${chart.version}, for Kubernetes 1.29 or newer and Helm 3.22 or newer.

\`\`\`sh
helm install spark-nanny charts/spark-nanny --namespace spark-nanny --create-namespace
kubectl label namespace NAMESPACE spark-nanny.io/inject=enabled
\`\`\`

See [Installation](../../docs/install.md) for certificates, high availability, upgrades and removal,
[Permissions](../../docs/rbac.md) for the reason of each rule, and [Settings](../../docs/settings.md) for the keys of
\`sidecar.settings\`. The chart rejects values that are not listed here, so that typing errors are noticed.`

function renderSection({ title, values }: ChartSection): string {
  const rows = values
    .flatMap((value) => listLeaves(value, ''))
    .map(({ path, leaf }) => `| \`${path}\` | ${escapeCell(leaf.description)} | ${formatDefault(leaf.default)} |`)
  return [`## ${title}`, '', '| value | description | default |', '| --- | --- | --- |', ...rows].join('\n')
}

/** The leaves of a value, each with its path. */
export function listLeaves(
  value: ChartValue,
  prefix: string,
): readonly { readonly path: string; readonly leaf: ChartLeaf }[] {
  const path = `${prefix}${value.key}`
  return value.kind === 'leaf' ? [{ path, leaf: value }] : value.values.flatMap((item) => listLeaves(item, `${path}.`))
}

function formatDefault(value: unknown): string {
  return `\`${escapeCell(JSON.stringify(value))}\``
}
