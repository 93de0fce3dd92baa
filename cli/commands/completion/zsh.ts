import type { CompletedCommand, CompletedFlag, FlagValue } from './completed-commands.ts'

/** Renders the script for zsh, which can be sourced or stored in a folder of `fpath`. */
export function renderZshScript([program, ...commands]: readonly [CompletedCommand, ...CompletedCommand[]]): string {
  return `#compdef spark-nanny
# zsh completion of spark-nanny: source <(spark-nanny completion zsh)
_spark_nanny() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${commands.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`).join('\n')}
  )
  _arguments -C \\
${program.flags.map((flag) => `    ${specification(flag)} \\`).join('\n')}
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${commands.map(branch).join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = _spark_nanny ]; then _spark_nanny "$@"; else compdef _spark_nanny spark-nanny; fi
`
}

function branch({ name, flags, words }: CompletedCommand): string {
  const argument = words.length > 0 ? [quoted(`1:argument:(${words.join(' ')})`)] : []
  return `        ${name}) _arguments ${[...flags.map(specification), ...argument].join(' ')} ;;`
}

function specification({ short, long, description, value }: CompletedFlag): string {
  const text = quoted(`[${description.replace(/[[\]:]/g, ' ')}]${valueSpecification(value)}`)
  return short === null ? `${long}${text}` : `'(${short} ${long})'{${short},${long}}${text}`
}

function valueSpecification(value: FlagValue): string {
  switch (value.kind) {
    case 'none':
      return ''
    case 'file':
      return ':file:_files'
    case 'choice':
      return `:value:(${value.choices.join(' ')})`
    case 'text':
      return ':value: '
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
