import { toVisible, toVisibleLines } from '../../core/visible-text.ts'
import { causes, type Finding } from '../findings/findings.ts'
import { formatPlace, formatSubject, type Report } from './report.ts'
import { remedyTitle } from './text.ts'

/** Renders JUnit XML with one test case per cause. Root causes of severity error are failures; unreadable evidence is an error. */
export function renderJunit({ subject, diagnosis: { findings, unknown }, checked }: Report): string {
  const name = formatSubject(subject)
  const cases = causes.map((cause) => {
    const own = findings.filter((finding) => finding.cause === cause)
    const failures = own.filter(isFailure)
    const others = own.filter((finding) => !isFailure(finding))
    const parts = [
      ...failures.map(
        (finding) =>
          `      <failure type="${xml(finding.id)}" message="${field(finding.title)}">${xml(describe(finding))}</failure>`,
      ),
      ...(others.length === 0 ? [] : [`      <system-out>${xml(others.map(describe).join('\n'))}</system-out>`]),
    ]
    return testCase(name, cause, parts)
  })
  const unread = unknown.map(({ what, source, why }) =>
    testCase(name, `evidence: ${what}`, [
      checked?.offline === true
        ? `      <skipped message="${field(why)}"/>`
        : `      <error type="unknown" message="${field(`${source}: ${why}`)}"/>`,
    ]),
  )
  const errors = checked?.offline === true ? 0 : unread.length
  const failed = causes.filter((cause) => findings.some((one) => one.cause === cause && isFailure(one))).length
  const all = [...cases, ...unread]
  const counts = `tests="${all.length}" failures="${failed}" errors="${errors}"`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="spark-nanny ${checked?.command ?? 'diagnose'}" ${counts}>
  <testsuite name="${field(name)}" ${counts}>
${all.join('\n')}
  </testsuite>
</testsuites>
`
}

const isFailure = ({ severity, symptomOf }: Finding) => severity === 'error' && symptomOf === null

function testCase(className: string, name: string, parts: readonly string[]): string {
  const open = `    <testcase classname="${field(className)}" name="${field(name)}"`
  return parts.length === 0 ? `${open}/>` : `${open}>\n${parts.join('\n')}\n    </testcase>`
}

function describe(finding: Finding): string {
  return [
    `${finding.id}: ${finding.title}`,
    ...finding.evidence.map((entry) => `${formatPlace(entry)}  ${entry.excerpt}`),
    ...finding.remedies.map((remedy) => `- ${remedyTitle(remedy)}`),
  ]
    .map(toVisible)
    .join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
}

/** Escapes text for XML 1.0, which cannot represent most control characters and the last two characters of a plane. */
const xml = (text: string): string =>
  toVisibleLines(text).replace(/[&<>"\n\ufffe\uffff]/g, (sign) => entities[sign] ?? '\ufffd')

/** As {@link xml}, for text of one line. */
const field = (text: string): string => xml(toVisible(text))
