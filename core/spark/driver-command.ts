import type { Container } from '../kubernetes/pod.ts'
import { parseSubmitArguments, type SubmitArguments } from './submit-arguments.ts'

/** How a container starts a Spark driver. */
export interface DriverCommand {
  /** `entrypoint`: the first argument of Spark's own entrypoint is `driver`. `spark-submit`: the container runs it itself. */
  readonly kind: 'entrypoint' | 'spark-submit'
  readonly submit: SubmitArguments
  /** Where spark-submit's options begin in `args`. Null if they begin in `command`, where nothing can be inserted safely. */
  readonly optionsAt: number | null
}

/** Programs that only start the rest of the command line, and their options that may come first. */
const wrappers: readonly string[] = ['tini', 'dumb-init', 'catatonit', 'docker-init', 'vault-env', '--', '-s', '-g']
const shells: readonly string[] = ['sh', 'bash', 'dash', 'ash']

/**
 * Finds the arguments of spark-submit in the command line of a container. Returns undefined if the container does not start
 * one visibly, for example if a shell script does.
 */
export function findDriverCommand(container: Container): DriverCommand | undefined {
  const command = container.command ?? []
  const expand = createExpansion(container)
  const words = [...command, ...(container.args ?? [])].map(expand)
  const start = skipWrappers(words)
  const first = words[start]
  if (first === undefined) return undefined
  const kind = first === 'driver' ? 'entrypoint' : toKind(first)
  if (kind === undefined) return undefined
  const optionsStart = start + 1
  const optionsAt = optionsStart - command.length
  return {
    kind,
    submit: parseSubmitArguments(words.slice(optionsStart)),
    optionsAt: optionsAt >= 0 ? optionsAt : null,
  }
}

/** The index of the first word that does more than to start the words behind it. */
function skipWrappers(words: readonly string[]): number {
  let index = 0
  while (index < words.length - 1) {
    const [word = '', option = '', script = ''] = words.slice(index, index + 3)
    // `sh -c 'prepare && exec /opt/entrypoint.sh "$@"' NAME driver …`: the script passes on what follows its name.
    const passesOn = shells.includes(baseName(word)) && /^-\w*c$/.test(option) && /\$[@*]/.test(script)
    if (passesOn) index += 4
    else if (isWrapper(word)) index += 1
    else break
  }
  return index
}

const toKind = (word: string) => (baseName(word) === 'spark-submit' ? ('spark-submit' as const) : undefined)

/** Includes scripts such as Spark's `/opt/entrypoint.sh`, which run the arguments that they do not know. */
function isWrapper(word: string): boolean {
  if (word.length > maxPathLength) return false
  return wrappers.includes(baseName(word)) || /^\S*(entrypoint\S*|\.sh)$/.test(word)
}

/** PATH_MAX of Linux. */
const maxPathLength = 4_096

export const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/**
 * How many characters of words with references, and of the values of their variables, are expanded in one command line. Linux
 * starts no program with a longer argument (MAX_ARG_STRLEN).
 */
const maxExpandedLength = 128 * 1024

/**
 * Returns the function that replaces `$(NAME)` in a word as the kubelet does (third_party/forked/golang/expansion). A variable
 * whose value is not in the pod keeps its reference, and so does one that is escaped as `$$(NAME)`, or one whose value would
 * make the command line too long: 250,000 references to one long value would take more memory than any process has.
 */
function createExpansion({ env }: Container): (word: string) => string {
  let values: ReadonlyMap<string, string | undefined> | undefined
  let leftLength = maxExpandedLength
  const read = (name: string) => {
    values ??= new Map((env ?? []).map((variable) => [variable.name, variable.value] as const))
    const value = values.get(name)
    if (value === undefined || value.length > leftLength) return undefined
    leftLength -= value.length
    return value
  }
  return (word) => {
    if (word.length > leftLength || !word.includes('$(')) return word
    leftLength -= word.length
    return expandVariables(word, read)
  }
}

/** Goes through the word once. A regular expression would look for a closing parenthesis from each opening one. */
function expandVariables(word: string, read: (name: string) => string | undefined): string {
  const lastClosing = word.lastIndexOf(')')
  let expanded = ''
  let from = 0
  for (let at = word.indexOf('$'); at >= 0; at = word.indexOf('$', from)) {
    const next = word[at + 1]
    const end = next === '(' && at < lastClosing ? word.indexOf(')', at) : at + (next === '$' ? 1 : 0)
    const reference = word.slice(at, end + 1)
    const value = next === '(' && end > at ? read(word.slice(at + 2, end)) : undefined
    expanded += word.slice(from, at) + (value ?? (next === '$' ? '$' : reference))
    from = end + 1
  }
  return expanded + word.slice(from)
}
