import type { CompletedCommand, FlagValue } from './completed-commands.ts'

/** Renders the script for bash 3.2 and newer. It does not need the package bash-completion. */
export function renderBashScript([program, ...commands]: readonly [CompletedCommand, ...CompletedCommand[]]): string {
  return `# bash completion of spark-nanny: source <(spark-nanny completion bash)
_spark_nanny() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${program.words.join('|')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  COMPREPLY=()
  case $command:$previous in
${commands.flatMap(valueCases).join('\n')}
  esac
  case $command in
${[{ ...program, name: "''" }, ...commands].map(wordsCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _spark_nanny spark-nanny
`
}

function valueCases({ name, flags }: CompletedCommand): readonly string[] {
  return flags
    .filter(({ value }) => value.kind !== 'none')
    .map(({ short, long, value }) => {
      const pattern = [short, long].flatMap((flag) => (flag === null ? [] : [`${name}:${flag}`])).join('|')
      return `    ${pattern}) ${renderReply(value)}return ;;`
    })
}

function renderReply(value: FlagValue): string {
  switch (value.kind) {
    case 'file':
      return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")); '
    case 'choice':
      return `COMPREPLY=($(compgen -W '${value.choices.join(' ')}' -- "$word")); `
    case 'none':
    case 'text':
      return ''
  }
}

function wordsCase({ name, flags, words }: CompletedCommand): string {
  return `    ${name}) words='${[...words, ...flags.map(({ long }) => long)].join(' ')}' ;;`
}
