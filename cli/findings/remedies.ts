import { type Captures, fillTemplate } from '../log/phrase.ts'
import { increaseMemoryMiB, type MemoryFacts, type MemoryKey } from '../spark-conf/memory-size.ts'

/** What to do about a finding. What `recover` may do by itself is told by the kind. */
export type Remedy =
  /** More memory for the driver, by resubmission with another setting. */
  | {
      readonly kind: 'raise-memory'
      readonly key: MemoryKey
      readonly current: string | null
      /** Null when the present value is not known. */
      readonly proposed: string | null
      readonly title: string
      readonly commands: readonly string[]
    }
  | {
      readonly kind: 'set-conf'
      readonly key: string
      readonly value: string
      readonly title: string
      readonly commands: readonly string[]
    }
  /** The same again: the cause lies outside of the application and has passed. */
  | { readonly kind: 'rerun'; readonly title: string; readonly commands: readonly string[] }
  /** A terminated pod that stands in the way. */
  | { readonly kind: 'delete-pod'; readonly title: string; readonly commands: readonly string[] }
  /** For people: a change of code, image, manifest or cluster. */
  | { readonly kind: 'change'; readonly title: string; readonly commands: readonly string[] }
  /** For people: look further. */
  | { readonly kind: 'inspect'; readonly title: string; readonly commands: readonly string[] }

/** A remedy as a rule names it, with `{names}` to be filled in. */
export type RemedySpec =
  | { readonly kind: 'raise-memory'; readonly key: MemoryKey; readonly title: string }
  | { readonly kind: 'set-conf'; readonly key: string; readonly value: string; readonly title: string }
  | {
      readonly kind: 'rerun' | 'delete-pod' | 'change' | 'inspect'
      readonly title: string
      readonly commands: readonly string[]
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
  commands,
})
export const inspect = (title: string, ...commands: readonly string[]): RemedySpec => ({
  kind: 'inspect',
  title,
  commands,
})
export const rerun = (title: string): RemedySpec => ({ kind: 'rerun', title, commands: [] })

/** Whose driver it is, as far as commands need it. */
export interface RemedyContext {
  /** `namespace`, `pod`, `application`, `node`, `serviceAccount`, and what the finding's phrases captured. */
  readonly values: Captures
  readonly operator: 'kubeflow' | 'apache' | 'none'
  readonly memory: MemoryFacts
}

/** The remedy for one driver. A name that is not known stays in capitals, for a reader to fill in. */
export function planRemedy(spec: RemedySpec, context: RemedyContext): Remedy {
  const title = filled(spec.title, context.values)
  if (spec.kind === 'raise-memory') {
    const { current, proposed } = increaseMemoryMiB(spec.key, context.memory)
    const commands = confCommands(spec.key, proposed ?? 'MORE', context)
    return { kind: 'raise-memory', key: spec.key, current, proposed, title, commands }
  }
  if (spec.kind === 'set-conf') {
    const value = filled(spec.value, context.values)
    return { kind: 'set-conf', key: spec.key, value, title, commands: confCommands(spec.key, value, context) }
  }
  const commands = spec.commands.map((command) => filled(command, context.values))
  return { kind: spec.kind, title, commands }
}

function filled(template: string, values: Captures): string {
  const known = { ...values }
  for (const [, name = ''] of template.matchAll(/\{([a-z][A-Za-z]*)\}/g)) {
    known[name] ||= name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
  }
  return fillTemplate(template, known) ?? template
}

/** A setting is changed where the next driver is made: in the SparkApplication, else in the next spark-submit. */
function confCommands(key: string, value: string, { values, operator }: RemedyContext): readonly string[] {
  const { namespace = 'NAMESPACE', application = 'APPLICATION' } = values
  if (operator === 'none') return [`spark-submit --conf ${key}=${value} …  # with the rest as before`]
  const field = operator === 'kubeflow' ? kubeflowFields[key] : undefined
  const spec = field === undefined ? { sparkConf: { [key]: value } } : { driver: { [field]: value } }
  const kind = operator === 'kubeflow' ? 'sparkapplications.sparkoperator.k8s.io' : 'sparkapplications.spark.apache.org'
  return [`kubectl -n ${namespace} patch ${kind} ${application} --type merge -p '${JSON.stringify({ spec })}'`]
}

/** What the kubeflow operator has fields for; they outweigh sparkConf. */
const kubeflowFields: Readonly<Record<string, string>> = {
  'spark.driver.memory': 'memory',
  'spark.driver.memoryOverhead': 'memoryOverhead',
}
