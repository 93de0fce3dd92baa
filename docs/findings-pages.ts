import { staticRules } from '../cli/commands/rule-catalogue.ts'
import { type Cause, causes } from '../cli/findings/findings.ts'
import { planRemedy, type RemedySpec } from '../cli/findings/remedies.ts'
import { catalogue } from '../cli/rules/catalogue.ts'
import type { Matcher, Rule } from '../cli/rules/rule.ts'
import type { StaticRule } from '../cli/static-checks/run.ts'
import { table } from './markdown.ts'

/** docs/findings/: an index, and a page for each cause with a section for each finding, whole. Path to text. */
export function findingsPages(): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ['docs/findings/README.md', indexPage()],
    ...causes.map((cause): [string, string] => [`docs/findings/${cause}.md`, causePage(cause)]),
  ])
}

const generated =
  '<!-- Generated from cli/rules/ and the catalogues of validate and preflight by `npm run docs`. Do not edit. -->'

const causeTexts: Readonly<Record<Cause, string>> = {
  memory: 'The driver, or its executors, needed more memory than there was.',
  config: 'A setting cannot be as it is.',
  classpath: 'A class, a jar, a module or a file is missing or of the wrong version.',
  image: 'The image cannot be had, or cannot run.',
  scheduling: 'No node takes the pod.',
  volume: 'A volume is missing, cannot be mounted, or is full.',
  network: 'A name, a connection or a certificate.',
  permission: 'The driver may not do what it has to.',
  quota: 'The namespace does not allow it.',
  application: 'The application’s own code, query or input.',
  node: 'The node or the cluster took the driver away.',
  hang: 'The driver is there and does nothing.',
}

function indexPage(): string {
  const rows = [...catalogue, ...staticRules].map(({ id, cause, severity, title }) => [
    `[\`${id}\`](${cause}.md#${id.toLowerCase()})`,
    `[${cause}](${cause}.md)`,
    severity,
    title,
  ])
  return `${generated}
# Findings

What \`spark-nanny diagnose\` can find (${catalogue.length}), and \`validate\` and \`preflight\` before a run
(${staticRules.length}). Ids are stable.

${table([['finding', 'cause', 'severity', 'what it is'], ...rows])}
`
}

function causePage(cause: Cause): string {
  const rules = catalogue.filter((rule) => rule.cause === cause)
  const before = staticRules.filter((check) => check.cause === cause)
  return `${[`${generated}\n# Cause: ${cause}`, causeTexts[cause], ...rules.map(section), ...before.map(precheckSection)].map((part) => part.trimEnd()).join('\n\n')}\n`
}

function section(rule: Rule): string {
  const { id, title, meaning, severity, confidence, explains: explainedIds = [] } = rule
  const explains = explainedIds.length === 0 ? '' : `\n\nIt explains ${explainedIds.map(explained).join(', ')}.`
  return `## ${id}

**${title}.** Severity ${severity}, confidence at best ${confidence}.

${meaning}

Known by one of:

${rule.matchers.map(described).join('\n')}

What to do:

${rule.remedies.map(remedy).join('\n')}${explains}`
}

/** Found before the run, by a command of its own. */
function precheckSection({
  id,
  title,
  meaning,
  severity,
  confidence,
  remedies,
  command,
}: (typeof staticRules)[number]): string {
  return `## ${id}

**${title}.** Severity ${severity}, confidence ${confidence}.

${words(meaning)}

Found by \`spark-nanny ${command}\`${command === 'validate' ? ', and by `spark-nanny preflight`' : ''}.

What to do:

${remedies.map(remedy).join('\n')}`
}

/** Names that are filled in for a finding stand in capitals. */
const words = (text: StaticRule['meaning']) => text.replace(/\{([a-zA-Z]+)\}/g, (_, name: string) => name.toUpperCase())

function described(matcher: Matcher): string {
  if (matcher.kind === 'observed') return `- ${matcher.what}`
  const text = code(matcher.phrase.text.replace(/^\^/, ''))
  if (matcher.kind === 'log') return `- in the log (${matcher.places.join(', ')}): ${text}`
  const when = { any: '', pending: ', while the driver has not run', unmounted: ', while volumes are not mounted' }
  const reasons = matcher.reasons.length === 0 ? '' : ` of reason ${matcher.reasons.join(' or ')}`
  return `- in messages (${matcher.from.join(', ')})${reasons}${when[matcher.while]}: ${text}`
}

/** As for a driver of which nothing is known: names stay in capitals. */
function remedy(spec: RemedySpec): string {
  const planned = planRemedy(spec, { values: {}, operator: 'none', memory: nothing })
  if (planned.kind === 'raise-memory') return `- ${planned.title}: raise \`${planned.key}\``
  if (planned.kind === 'set-conf') return `- ${planned.title}: \`${planned.key}=${planned.value}\``
  if (planned.commands.length === 0) return `- ${planned.title}`
  return `- ${planned.title}:\n\n  \`\`\`sh\n${planned.commands.map((command) => `  ${command}`).join('\n')}\n  \`\`\`\n`
}

const nothing = { driverMemory: null, driverMemoryOverhead: null }

function explained(id: string): string {
  const rule = catalogue.find((one) => one.id === id)
  return rule === undefined ? `\`${id}\`` : `[\`${id}\`](${rule.cause}.md#${id.toLowerCase()})`
}

/** In ticks that do not end within it. */
const code = (text: string) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)
