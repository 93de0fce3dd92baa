import { categories, preCategories } from '../cli/commands/check/categories.ts'
import type { Category } from '../cli/commands/check/result.ts'

/** Returns the whole docs/check.md: the checks of `spark-nanny check`, in the order of its report. */
export function renderCheckPage(): string {
  const own = preCategories.filter(({ name }) => !categories.some((category) => category.name === name))
  return `${[heading, ...categories.map(renderCategory), ...own.map(renderCategory)].join('\n\n')}\n`
}

const heading = `<!-- Generated from cli/commands/check/checks/ by \`npm run docs\`. Do not edit. -->
# Check

\`\`\`sh
spark-nanny check --pre      # before the installation
spark-nanny check            # after the installation, or to find a problem
spark-nanny check --wait 2m  # until all checks succeed, for at most 2 minutes
\`\`\`

\`spark-nanny check\` is read-only. It uses server-side dry runs to find out how the webhook changes a driver pod and its Service.
It selects the cluster and context like kubectl. With \`-o json\`, it prints
\`{"success", "categories": [{"name", "checks": [{"id", "title", "result", "detail", "hint"}]}]}\`.

The result of a check is one of:

- \`ok\` (√)
- \`warning\` (‼)
- \`error\` (×)
- \`unknown\` (?): the required data could not be read. This never counts as healthy.

A check without anything to verify is omitted.

| exit code | description                                                          |
| --------- | -------------------------------------------------------------------- |
| 0         | All checks succeeded, or there are only warnings.                    |
| 1         | The API server did not respond.                                      |
| 2         | Usage error.                                                         |
| 3         | At least one error.                                                  |
| 4         | At least one warning but no error, with \`--strict\`.                |
| 5         | No error, but some checks could not be made.                         |`

function renderCategory<E>({ name, checks }: Category<E>): string {
  return [
    `## ${name}`,
    ...checks.map(({ id, title, hint }) => `### \`${id}\`\n\nVerifies that ${title}.\n\n${hint}`),
  ].join('\n\n')
}
