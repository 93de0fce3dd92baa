import type { Command } from 'commander'
import type { ConnectionFlags } from '../cluster/connect.ts'
import { noColorOption, outputOption, withConnectionFlags } from '../options/flags.ts'
import { sparkVersionOption } from '../options/spark-version.ts'
import { type OutputForm, outputForms } from '../render/report.ts'
import type { SparkVersion } from '../spark-conf/spark-version.ts'

/** The validated options that `validate` and `preflight` have in common. */
export interface StaticCheckOptions extends ConnectionFlags {
  readonly sparkVersion?: SparkVersion
  readonly strict: boolean
  readonly output: OutputForm
  readonly color: boolean
}

/** The files that both commands read. */
export const checkedFilesText =
  'SparkApplications, spark-defaults.conf, or a script, Job or workflow that calls spark-submit; - is stdin'

/** Adds the options that `validate` and `preflight` have in common. */
export function withStaticCheckOptions(command: Command, namespaceText: string): Command {
  command
    .addOption(sparkVersionOption())
    .option('--strict', 'Exit with code 4 if there are warnings', false)
    .addOption(outputOption(outputForms))
  return withConnectionFlags(command, namespaceText).addOption(noColorOption())
}

/** The text below the options. `notRead` says what the command could not read or check when it exits with 5. */
export function formatStaticCheckHelp(
  introduction: string,
  notRead: string,
  examples: readonly [string, ...string[]],
): string {
  return `
${introduction}

Exit codes:
  0  no problems, or only warnings and notes
  1  the command failed
  2  usage error
  3  at least one error
  4  at least one warning, with --strict
  5  no problems found, but ${notRead}

Examples:
${examples.map((example) => `  ${example}`).join('\n')}`
}
