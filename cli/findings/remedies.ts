import {
  type CommandTemplate,
  command,
  fillCommand,
  parseCommand,
  type ShellCommand,
  toPlaceholder,
} from '../../core/shell-command.ts'
import { type Captures, fillTemplate } from '../log/phrase.ts'
import { increaseMemoryMiB, type MemoryFacts, type MemoryKey } from '../spark-conf/memory-size.ts'

/** How to fix a finding. The kind decides what `recover` may do automatically. */
export type Remedy =
  /** Resubmit with a setting that gives the driver more memory. */
  | {
      readonly kind: 'raise-memory'
      readonly key: MemoryKey
      readonly current: string | null
      /** Null if the current value is not known. */
      readonly proposed: string | null
      readonly title: string
      readonly commands: readonly ShellCommand[]
    }
  | {
      readonly kind: 'set-conf'
      readonly key: string
      readonly value: string
      readonly title: string
      readonly commands: readonly ShellCommand[]
    }
  /** Run the application unchanged: the cause was outside the application and has passed. */
  | { readonly kind: 'rerun'; readonly title: string; readonly commands: readonly ShellCommand[] }
  /** Delete a pod. */
  | { readonly kind: 'delete-pod'; readonly title: string; readonly commands: readonly ShellCommand[] }
  /** A manual change of code, image, manifest or cluster. */
  | { readonly kind: 'change'; readonly title: string; readonly commands: readonly ShellCommand[] }
  /** A command for further investigation. */
  | { readonly kind: 'inspect'; readonly title: string; readonly commands: readonly ShellCommand[] }

/** A remedy as defined by a rule, with `{placeholders}`. */
export type RemedySpec =
  | { readonly kind: 'raise-memory'; readonly key: MemoryKey; readonly title: string }
  | { readonly kind: 'set-conf'; readonly key: string; readonly value: string; readonly title: string }
  | {
      readonly kind: 'rerun' | 'delete-pod' | 'change' | 'inspect'
      readonly title: string
      readonly commands: readonly CommandTemplate[]
    }

export const raiseMemory = (key: MemoryKey, title: string): RemedySpec => ({ kind: 'raise-memory', key, title })
export const setConf = (key: string, value: string, title: string): RemedySpec => ({
  kind: 'set-conf',
  key,
  value,
  title,
})
export const change = (title: string, ...commands: readonly string[]): RemedySpec => ({
  kind: 'change',
  title,
  commands: commands.map(parseCommand),
})
export const inspect = (title: string, ...commands: readonly string[]): RemedySpec => ({
  kind: 'inspect',
  title,
  commands: commands.map(parseCommand),
})
export const deletePod = (title: string, ...commands: readonly string[]): RemedySpec => ({
  kind: 'delete-pod',
  title,
  commands: commands.map(parseCommand),
})
export const rerun = (title: string): RemedySpec => ({ kind: 'rerun', title, commands: [] })

/** The facts about the driver that commands need. */
export interface RemedyContext {
  /** `namespace`, `pod`, `application`, `node`, `serviceAccount`, and the values captured by the finding's phrases. */
  readonly values: Captures
  readonly operator: 'kubeflow' | 'apache' | 'none'
  readonly memory: MemoryFacts
  /** The log that commands must read, if it is not the one that kubectl chooses. */
  readonly log?: DriverLog
}

export interface DriverLog {
  /** Whether the pod has other containers, of which kubectl may choose one. */
  readonly isOneOfSeveral: boolean
  /** Whether the finding is about the run before the current one. */
  readonly isPrevious: boolean
}

/** Fills in the remedy for one driver. An unknown value becomes a name in capitals for the user to replace. */
export function planRemedy(spec: RemedySpec, context: RemedyContext): Remedy {
  const title = filled(spec.title, context.values)
  if (spec.kind === 'raise-memory') {
    const { current, proposed } = increaseMemoryMiB(spec.key, context.memory)
    const commands = proposed === null ? [] : confCommands(spec.key, proposed, context)
    return { kind: 'raise-memory', key: spec.key, current, proposed, title, commands }
  }
  if (spec.kind === 'set-conf') {
    const value = filled(spec.value, context.values)
    return { kind: 'set-conf', key: spec.key, value, title, commands: confCommands(spec.key, value, context) }
  }
  const commands = spec.commands
    .filter(({ names }) => !names.includes('host') || hostName.test(context.values.host ?? ''))
    .map((template) => fillCommand(selectLog(template, context.log), context.values))
  return { kind: spec.kind, title, commands }
}

/** Adds the container and the run to a command that reads the log of the pod without naming them. */
function selectLog(template: CommandTemplate, log: DriverLog | undefined): CommandTemplate {
  const { literals, names } = template
  const at = names.findIndex((name, index) => name === 'pod' && literals[index]?.endsWith(' logs ') === true)
  const rest = literals[at + 1] ?? ''
  if (at < 0 || log === undefined || /-c spark-nanny/.test(rest)) return template
  const hasContainer = rest.startsWith(' -c ')
  const previous = log.isPrevious && !literals.some((literal) => literal.includes('--previous')) ? ' --previous' : ''
  const isNamed = log.isOneOfSeveral && !hasContainer
  return {
    literals: isNamed
      ? [...literals.slice(0, at + 1), `${previous} -c `, rest, ...literals.slice(at + 2)]
      : literals.with(at + 1, `${previous}${rest}`),
    names: isNamed ? names.toSpliced(at + 1, 0, 'container') : names,
  }
}

/** A command about a host whose name is not one is left out: anyone who feeds the job can write to its log. */
const hostName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/

function filled(template: string, values: Captures): string {
  const known = { ...values }
  for (const [, name = ''] of template.matchAll(/\{([a-z][A-Za-z]*)\}/g)) {
    known[name] ||= toPlaceholder(name)
  }
  return fillTemplate(template, known) ?? template
}

/** Commands that change a setting: in the SparkApplication or, without an operator, in the next spark-submit. */
function confCommands(key: string, value: string, { values, operator }: RemedyContext): readonly ShellCommand[] {
  const { namespace = 'NAMESPACE', application = 'APPLICATION' } = values
  if (operator === 'none') return [command`spark-submit --conf ${`${key}=${value}`} …  # keep your other options`]
  const field = operator === 'kubeflow' ? kubeflowFields[key] : undefined
  const spec = field === undefined ? { sparkConf: { [key]: value } } : { driver: { [field]: value } }
  const kind = operator === 'kubeflow' ? 'sparkapplications.sparkoperator.k8s.io' : 'sparkapplications.spark.apache.org'
  return [command`kubectl -n ${namespace} patch ${kind} ${application} --type merge -p ${JSON.stringify({ spec })}`]
}

/** Settings for which the kubeflow operator has its own fields. The fields take precedence over sparkConf. */
const kubeflowFields: Readonly<Record<string, string>> = {
  'spark.driver.memory': 'memory',
  'spark.driver.memoryOverhead': 'memoryOverhead',
}
