import { domain } from '../../../core/contract/pod-contract.ts'
import type { SettingSource } from '../../../core/settings/settings.ts'
import type { Explanation } from './explanation.ts'

const nothingToExplain =
  'The file contains no Pod or Service to explain. Pass a SparkApplication with --application, and its driver pod with -f.'

/** Renders the explanations as text for people, or as one JSON array. */
export function renderExplanations(explanations: readonly Explanation[], form: 'text' | 'json'): string {
  if (form === 'json') return `${JSON.stringify(explanations, null, 2)}\n`
  if (explanations.length === 0) return `${nothingToExplain}\n`
  return explanations.map(renderText).join('\n')
}

function renderText({ object, reason, hungDriver, settings, warnings }: Explanation): string {
  const lines = [`${object}: ${reason.sentence} [${reason.code}]`]
  if (hungDriver !== null) {
    lines.push(
      '',
      `  action for a hung driver: ${hungDriver.action}`,
      ...hungDriver.because.map((because) => `    - ${because}`),
    )
  }
  if (settings.length > 0) {
    const rows = [
      ['setting', 'value', 'source'],
      ...settings.map(({ key, value, source }) => [key, value, sourceText[source](key)]),
    ]
    lines.push('', ...table(rows))
  }
  if (warnings.length > 0) lines.push('', '  warnings:', ...warnings.map((warning) => `    - ${warning}`))
  return `${lines.join('\n')}\n`
}

const sourceText = {
  default: () => 'default',
  chart: (key) => `chart value (--set ${key})`,
  application: (key) => `SparkApplication annotation ${domain}/${key}`,
  pod: (key) => `pod annotation ${domain}/${key}`,
} as const satisfies Record<SettingSource, (key: string) => string>

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `  ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}
