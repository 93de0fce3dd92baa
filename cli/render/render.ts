import { jsonOutput, type Output } from '../io/output.ts'
import type { Style } from '../terminal/style.ts'
import { toJsonReport } from './json.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import type { OutputForm, Report } from './report.ts'
import { toSarif } from './sarif.ts'
import { renderReportText } from './text.ts'

export function renderReport(report: Report, form: OutputForm, style: Style): Output {
  switch (form) {
    case 'text':
      return { kind: 'lines', lines: renderReportText(report, style) }
    case 'json':
      return jsonOutput(toJsonReport(report))
    case 'sarif':
      return jsonOutput(toSarif(report))
    case 'junit':
      return { kind: 'xml', text: renderJunit(report) }
    case 'markdown':
      return { kind: 'markdown', text: renderMarkdown(report) }
  }
}
