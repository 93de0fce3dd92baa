import { staticRules } from '../cli/commands/rule-catalogue.ts'
import { type Cause, causes } from '../cli/findings/findings.ts'
import { planRemedy, type RemedySpec } from '../cli/findings/remedies.ts'
import { catalogue } from '../cli/rules/catalogue.ts'
import type { Matcher, Rule } from '../cli/rules/rule.ts'
import type { StaticRule } from '../cli/static-checks/run.ts'
import { formatTable } from './markdown.ts'

/** Returns the pages of docs/findings by path: an index, and a page for each cause with a section for each finding. */
export function renderFindingsPages(): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ['docs/findings/README.md', renderIndex()],
    ...causes.map((cause): [string, string] => [`docs/findings/${cause}.md`, renderCausePage(cause)]),
  ])
}

const generated =
  '<!-- Generated from cli/rules/ and the catalogues of validate and preflight by `npm run docs`. Do not edit. -->'

const causeTexts: Readonly<Record<Cause, string>> = {
  memory: 'The driver or its executors needed more memory than available.',
  config: 'A setting is invalid or conflicts with another.',
  classpath: 'A class, a JAR, a module or a file is missing or has the wrong version.',
  image: 'The image cannot be pulled or cannot run.',
  scheduling: 'The pod cannot be scheduled.',
  volume: 'A volume is missing, cannot be mounted, or is full.',
  network: 'A name does not resolve, a connection fails, or a certificate is invalid.',
  permission: 'The driver lacks a permission.',
  quota: 'A quota or limit of the namespace rejects the pod.',
  application: 'The cause is in the application’s code, query or input.',
  node: 'The node or the cluster terminated the driver.',
  hang: 'The driver is running but makes no progress.',
}

function renderIndex(): string {
  const rows = [...catalogue, ...staticRules].map(({ id, cause, severity, title }) => [
    `[\`${id}\`](${cause}.md#${id.toLowerCase()})`,
    `[${cause}](${cause}.md)`,
    severity,
    title,
  ])
  return `${generated}
# Findings

The problems that \`spark-nanny diagnose\` detects (${catalogue.length}), and those that \`validate\` and \`preflight\` detect before a
run (${staticRules.length}). The ids are stable.

${formatTable([['finding', 'cause', 'severity', 'title'], ...rows])}
`
}

function renderCausePage(cause: Cause): string {
  const rules = catalogue.filter((rule) => rule.cause === cause)
  const before = staticRules.filter((check) => check.cause === cause)
  return `${[`${generated}\n# Cause: ${cause}`, causeTexts[cause], ...rules.map(renderFinding), ...before.map(renderStaticFinding)].map((part) => part.trimEnd()).join('\n\n')}\n`
}

function renderFinding(rule: Rule): string {
  const { id, title, meaning, severity, confidence, explains: explainedIds = [] } = rule
  const explains = explainedIds.length === 0 ? '' : `\n\nAlso explains ${explainedIds.map(linkFinding).join(', ')}.`
  return `## ${id}

**${title}.** Severity ${severity}, maximum confidence ${confidence}.

${meaning}

Evidence (one of):

${rule.matchers.map(describeMatcher).join('\n')}

What to do:

${rule.remedies.map(describeRemedy).join('\n')}${describeExecutorRemedies(rule)}${explains}`
}

function describeExecutorRemedies({ onExecutors }: Rule): string {
  if (onExecutors === undefined) return ''
  const when = { thrown: 'If a task on an executor threw it', logged: 'If the running driver logged it' }[
    onExecutors.when
  ]
  return `\n\n${when}:\n\n${onExecutors.remedies.map(describeRemedy).join('\n')}`
}

/** The section of a finding of `validate` or `preflight`. */
function renderStaticFinding({
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

${showPlaceholders(meaning)}

Found by \`spark-nanny ${command}\`${command === 'validate' ? ', and by `spark-nanny preflight`' : ''}.

What to do:

${remedies.map(describeRemedy).join('\n')}`
}

/** Shows the placeholders of a finding in capitals. */
const showPlaceholders = (text: StaticRule['meaning']) =>
  text.replace(/\{([a-zA-Z]+)\}/g, (_, name: string) => name.toUpperCase())

function describeMatcher(matcher: Matcher): string {
  if (matcher.kind === 'observed') return `- ${matcher.what}`
  const text = formatCode(matcher.phrase.text.replace(/^\^/, '').replaceAll('{+', '{'))
  if (matcher.kind === 'log') return `- in the log (${matcher.places.join(', ')}): ${text}`
  const when = { any: '', pending: ', while the driver has not run', unmounted: ', while volumes are not mounted' }
  const reasons = matcher.reasons.length === 0 ? '' : ` of reason ${matcher.reasons.join(' or ')}`
  return `- in messages (${matcher.from.join(', ')})${reasons}${when[matcher.while]}: ${text}`
}

/** Describes a remedy without a driver: its placeholders are shown in capitals. */
function describeRemedy(spec: RemedySpec): string {
  const planned = planRemedy(spec, { values: {}, operator: 'none', memory: nothing })
  if (planned.kind === 'raise-memory') return `- ${planned.title}: raise \`${planned.key}\``
  if (planned.kind === 'set-conf') return `- ${planned.title}: \`${planned.key}=${planned.value}\``
  if (planned.commands.length === 0) return `- ${planned.title}`
  return `- ${planned.title}:\n\n  \`\`\`sh\n${planned.commands.map((command) => `  ${command}`).join('\n')}\n  \`\`\`\n`
}

const nothing = { driverMemory: null, driverMemoryOverhead: null }

function linkFinding(id: string): string {
  const rule = catalogue.find((one) => one.id === id)
  return rule === undefined ? `\`${id}\`` : `[\`${id}\`](${rule.cause}.md#${id.toLowerCase()})`
}

/** Formats a text as Markdown code, even if it contains a backtick. */
const formatCode = (text: string) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)
