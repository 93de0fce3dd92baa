import type { CompletedCommand, CompletedFlag } from './completed-commands.ts'

/** Renders the script for fish. */
export function renderFishScript([program, ...commands]: readonly [CompletedCommand, ...CompletedCommand[]]): string {
  const lines = [
    '# fish completion of spark-nanny: spark-nanny completion fish | source',
    'complete -c spark-nanny -f',
    ...program.flags.map((flag) => line('__fish_use_subcommand', flagWords(flag))),
    ...commands.flatMap(({ name, description, flags, words }) => [
      line('__fish_use_subcommand', `-a ${name} -d ${quoted(description)}`),
      ...(words.length > 0 ? [line(seen(name), `-a ${quoted(words.join(' '))}`)] : []),
      ...flags.map((flag) => line(seen(name), flagWords(flag))),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

const seen = (command: string) => `__fish_seen_subcommand_from ${command}`
const line = (condition: string, rest: string) => `complete -c spark-nanny -n ${quoted(condition)} ${rest}`

function flagWords({ short, long, description, value }: CompletedFlag): string {
  const spelling = `${short === null ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`
  const takes = { none: '', file: ' -r -F', text: ' -x', choice: ' -x' }[value.kind]
  const choices = value.kind === 'choice' ? ` -a ${quoted(value.choices.join(' '))}` : ''
  return `${spelling}${takes}${choices} -d ${quoted(description)}`
}

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
