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
  const values = new Map((container.env ?? []).map(({ name, value }) => [name, value] as const))
  const words = [...command, ...(container.args ?? [])].map((word) => expandVariables(word, values))
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
  return wrappers.includes(baseName(word)) || /^\S*(entrypoint\S*|\.sh)$/.test(word)
}

export const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/**
 * Replaces `$(NAME)` as the kubelet does (third_party/forked/golang/expansion). A variable whose value is not in the pod
 * keeps its reference, and so does one that is escaped as `$$(NAME)`.
 */
function expandVariables(word: string, values: ReadonlyMap<string, string | undefined>): string {
  if (!word.includes('$(')) return word
  return word.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (values.get(name) ?? whole),
  )
}
