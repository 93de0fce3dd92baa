import type { Style } from '../terminal/style.ts'
import { renderReportJson } from './json.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import type { OutputForm, Report } from './report.ts'
import { renderSarif } from './sarif.ts'
import { renderReportText } from './text.ts'

export function renderReport(report: Report, form: OutputForm, style: Style): string {
  switch (form) {
    case 'text':
      return renderReportText(report, style)
    case 'json':
      return renderReportJson(report)
    case 'sarif':
      return renderSarif(report)
    case 'junit':
      return renderJunit(report)
    case 'markdown':
      return renderMarkdown(report)
  }
}
