import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../..')

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface RecordingRule {
  readonly record: string
  readonly expr: string
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly (Alert | RecordingRule)[] }[]
}

export const ruleFileName = 'charts/spark-nanny/files/alerts.yaml'
const { groups }: RuleFile = parse(readFileSync(join(root, ruleFileName), 'utf8'))

export const rules = groups.flatMap((group) => group.rules)
export const alerts = rules.filter((rule) => 'alert' in rule)
export const recordingRules = rules.filter((rule) => 'record' in rule)
export { groups }
