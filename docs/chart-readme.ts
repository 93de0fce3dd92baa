import chart from '../package.json' with { type: 'json' }
import { type ChartLeaf, type ChartSection, type ChartValue, chartSections, readChartFile } from './chart-values.ts'
import { cell } from './markdown.ts'

/** Returns the whole charts/spark-nanny/README.md. */
export function chartReadme(valuesText = readChartFile('values.yaml')): string {
  return `${[heading, ...chartSections(valuesText).map(section)].join('\n\n')}\n`
}

const heading = `<!-- Generated from values.yaml by \`npm run docs\`. Do not edit. -->
# Helm chart of spark-nanny

${chart.description}. Version ${chart.version}, for Kubernetes 1.29 or newer and Helm 4 or 3.22.

\`\`\`sh
helm install spark-nanny charts/spark-nanny --namespace spark-nanny --create-namespace
kubectl label namespace NAMESPACE spark-nanny.io/inject=enabled
\`\`\`

See [Installation](../../docs/install.md) for certificates, high availability, upgrades and removal,
[Permissions](../../docs/rbac.md) for the reason of each rule, and [Settings](../../docs/settings.md) for the keys of
\`sidecar.settings\`. The chart rejects values that are not listed here, so that typing errors are noticed.`

function section({ title, values }: ChartSection): string {
  const rows = values
    .flatMap((value) => leaves(value, ''))
    .map(({ path, leaf }) => `| \`${path}\` | ${cell(leaf.description)} | ${spelledDefault(leaf.default)} |`)
  return [`## ${title}`, '', '| value | description | default |', '| --- | --- | --- |', ...rows].join('\n')
}

/** The leaves of a value, each with its path. */
export function leaves(
  value: ChartValue,
  prefix: string,
): readonly { readonly path: string; readonly leaf: ChartLeaf }[] {
  const path = `${prefix}${value.key}`
  return value.kind === 'leaf' ? [{ path, leaf: value }] : value.values.flatMap((item) => leaves(item, `${path}.`))
}

function spelledDefault(value: unknown): string {
  return `\`${cell(JSON.stringify(value))}\``
}
