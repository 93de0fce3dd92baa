/** Another executable name of a command, with its own order of arguments. */
export interface Alias {
  readonly command: string
  /** Names of the positional arguments, all of which are required. */
  readonly takes: readonly string[]
  /** Converts as many words as `takes` has names to arguments of the command. */
  arguments(...words: readonly string[]): readonly string[]
}

/** Aliases by the name of the executed file. */
export const aliases: Readonly<Record<string, Alias>> = {
  'diagnose-driver-crash': {
    command: 'diagnose',
    takes: ['NAMESPACE', 'DRIVER_POD'],
    arguments: (namespace = '', pod = '') => [pod, '--namespace', namespace],
  },
  'recover-driver-crash': {
    command: 'recover',
    takes: ['NAMESPACE', 'APP'],
    arguments: (namespace = '', app = '') => [app, '--namespace', namespace],
  },
  'validate-spark-config': {
    command: 'validate',
    takes: ['APP', 'NAMESPACE'],
    arguments: (app = '', namespace = '') => [app, '--namespace', namespace],
  },
  'preflight-check': {
    command: 'preflight',
    takes: ['APP_CONFIG'],
    arguments: (file = '') => [file],
  },
}

/** Converts the arguments of an alias to arguments of `spark-nanny`, or returns the usage error. */
export function toSparkNannyArgs(
  name: string,
  { command, takes, arguments: ordered }: Alias,
  args: readonly string[],
): { readonly args: readonly string[] } | { readonly misuse: readonly string[] } {
  const firstFlag = args.findIndex((arg) => arg.startsWith('-') && arg !== '-')
  const words = firstFlag < 0 ? args : args.slice(0, firstFlag)
  const flags = firstFlag < 0 ? [] : args.slice(firstFlag)
  if (words.length === takes.length) return { args: [command, ...ordered(...words), ...flags] }
  if (flags.includes('--help') || flags.includes('-h')) return { args: [command, '--help'] }
  const missing = takes[words.length]
  const problem =
    missing === undefined ? `too many arguments: ${words.slice(takes.length).join(' ')}` : `${missing} is missing`
  return { misuse: [`error: ${problem}`, `usage: ${name} ${takes.join(' ')} [options] (see ${name} --help)`] }
}
