import { domain } from '../../../core/contract/pod-contract.ts'
import type { SettingSource } from '../../../core/settings/settings.ts'
import { jsonOutput, type Output } from '../../io/output.ts'
import type { Explanation } from './explanation.ts'

const nothingToExplain =
  'The file contains nothing to explain: no Pod or Service, no Deployment, Job or other controller, and no SparkApplication.'

/** Renders the explanations as text for people, or as one JSON array. */
export function renderExplanations(explanations: readonly Explanation[], form: 'text' | 'json'): Output {
  if (form === 'json') return jsonOutput(explanations)
  if (explanations.length === 0) return { kind: 'lines', lines: [nothingToExplain] }
  return { kind: 'lines', lines: explanations.flatMap((one, index) => [...(index === 0 ? [] : ['']), ...toLines(one)]) }
}

function toLines(explanation: Explanation): readonly string[] {
  const { object, reason, identity, changes, ui, hungDriver, settings, warnings } = explanation
  const lines = [`${object}: ${reason.sentence} [${reason.code}]`]
  if (identity !== null) lines.push('', `  identity: ${identityText[identity.kind]}`, ...list(identity.proofs))
  if (identity !== null && identity.doubts.length > 0) lines.push('  doubts:', ...list(identity.doubts))
  if (changes.length > 0) lines.push('', '  changes:', ...list(changes))
  if (ui !== null) lines.push('', `  Spark UI: ${ui}`)
  if (hungDriver !== null) {
    lines.push('', `  action for a hung driver: ${hungDriver.action}`, ...list(hungDriver.because))
  }
  if (identity !== null) lines.push('', ...renderSettings(settings))
  if (warnings.length > 0) lines.push('', '  warnings:', ...list(warnings))
  return lines
}

const identityText = {
  proven: 'a cluster-mode driver with its own UI, as the pod shows',
  assumed: 'assumed to be a driver by assume-driver',
  unproven: 'not provably a cluster-mode driver with its own UI',
} as const satisfies Record<NonNullable<Explanation['identity']>['kind'], string>

const list = (items: readonly string[]) => items.map((item) => `    - ${item}`)

/** Most settings have their defaults, which hide those that do not. JSON has all of them. */
function renderSettings(settings: Explanation['settings']): readonly string[] {
  const changed = settings.filter(({ source }) => source !== 'default')
  if (changed.length === 0) return ['  settings: all have their defaults']
  const rows = [
    ['setting', 'value', 'source'],
    ...changed.map(({ key, value, source }) => [key, value, sourceText[source](key)]),
  ]
  return [...table(rows), '  All other settings have their defaults.']
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
