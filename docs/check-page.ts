import { categories, preCategories } from '../cli/commands/check/categories.ts'
import type { Category } from '../cli/commands/check/result.ts'

/** docs/check.md, whole: the checks of `spark-nanny check`, in the order of its report. */
export function checkPage(): string {
  const own = preCategories.filter(({ name }) => !categories.some((category) => category.name === name))
  return `${[heading, ...categories.map(section), ...own.map(section)].join('\n\n')}\n`
}

const heading = `<!-- Generated from cli/commands/check/checks/ by \`npm run docs\`. Do not edit. -->
# Check

\`\`\`sh
spark-nanny check --pre      # before the installation
spark-nanny check            # afterwards, whenever something seems wrong
spark-nanny check --wait 2m  # until all is well
\`\`\`

It reads, and asks by server-side dry runs what a driver pod and its Service would get; it changes nothing. Cluster and
context are found as kubectl finds them. \`-o json\` prints
\`{"success", "categories": [{"name", "checks": [{"id", "title", "result", "detail", "hint"}]}]}\`.

A check is \`ok\` (√), \`warning\` (‼), \`error\` (×) or \`unknown\` (?): what it needs could not be read, which is never taken for
healthy. A check with nothing to look at is left out. The exit code:

| code | means                                                      |
| ---- | ---------------------------------------------------------- |
| 0    | all is well, or there are warnings only                    |
| 1    | the API server did not answer                              |
| 2    | the call was wrong                                         |
| 3    | there is an error                                          |
| 4    | there is nothing worse than a warning, with \`--strict\`     |
| 5    | there is no error, but something could not be read         |`

function section<E>({ name, checks }: Category<E>): string {
  return [
    `## ${name}`,
    ...checks.map(({ id, title, hint }) => `### \`${id}\`\n\nHolds when ${title}.\n\n${hint}`),
  ].join('\n\n')
}
