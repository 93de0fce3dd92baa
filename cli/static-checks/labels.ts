import { toRecord, toText } from '../../core/json.ts'
import type { Finding } from '../findings/findings.ts'
import type { Input, InputFile } from './input.ts'

/** The findings of one input of a file, with its name in their titles if the file contains several. */
export function labelFindings(file: InputFile, input: Input, findings: readonly Finding[]): readonly Finding[] {
  if (file.inputs.length === 1) return findings
  const name = describeInput(file, input)
  return findings.map((finding) => ({ ...finding, title: `${name}: ${finding.title}` }))
}

function describeInput({ inputs }: InputFile, input: Input): string {
  if (input.kind === 'application') return toText(toRecord(input.object.metadata).name ?? '(no name)')
  return `spark-submit ${inputs.indexOf(input) + 1}`
}
