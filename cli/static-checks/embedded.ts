import { isRecord, toText } from '../../core/json.ts'
import type { KubernetesObject, LocatedObject } from '../manifests/manifests.ts'
import type { ScriptCommand, ScriptWord } from '../spark-conf/shell-script.ts'

/** What an object of another kind submits: a Job, a CronJob, a workflow of Argo or a task of Tekton, with any fields around it. */
export interface Embedded {
  /** The commands of its containers and its scripts. */
  readonly commands: readonly ScriptCommand[]
  /** The objects that it creates, as texts. */
  readonly manifests: readonly EmbeddedManifest[]
}

export interface EmbeddedManifest {
  readonly text: string
  /** Number of lines in the file before the text. */
  readonly before: number
}

/** Deeper than any workflow nests its templates and steps. */
const maxDepth = 24

type Path = readonly (string | number)[]

/** Finds what an object submits, wherever it stands in it. Takes time linear in the size of the object. */
export function findEmbedded({ object, lineOf }: LocatedObject): Embedded {
  const commands: ScriptCommand[] = []
  const manifests: EmbeddedManifest[] = []
  const visit = (value: unknown, path: Path): void => {
    if (path.length > maxDepth) return
    if (Array.isArray(value)) value.forEach((item, index) => void visit(item, [...path, index]))
    if (!isRecord(value) || Array.isArray(value)) return
    const words = [...readWords(value, 'command', path, lineOf), ...readWords(value, 'args', path, lineOf)]
    if (words.length > 0) commands.push(words)
    for (const [key, item] of Object.entries(value)) {
      if (typeof item === 'string') visitText(key, item, [...path, key])
      else visit(item, [...path, key])
    }
  }
  const visitText = (key: string, text: string, path: Path): void => {
    if (key === 'manifest') manifests.push({ text, before: findFirstLine(text, lineOf(path)) - 1 })
    else if (key === 'source' || key === 'script') commands.push(toShell(text, findFirstLine(text, lineOf(path))))
  }
  visit(object, [])
  return { commands, manifests }
}

function readWords(
  container: KubernetesObject,
  field: 'command' | 'args',
  path: Path,
  lineOf: LocatedObject['lineOf'],
): readonly ScriptWord[] {
  const words = container[field]
  if (!Array.isArray(words)) return []
  return words.map((word, index) => {
    const text = toText(word)
    return toWord(text, findFirstLine(text, lineOf([...path, field, index])))
  })
}

const toShell = (script: string, line: number): ScriptCommand => [
  toWord('sh', line),
  toWord('-c', line),
  toWord(script, line),
]

/** What Kubernetes (`$(NAME)`) or a workflow engine (`{{name}}`) fills in is a variable, like those of a shell. */
function toWord(text: string, line: number): ScriptWord {
  const filled = text.replace(/\{\{[^{}\n]{1,200}\}\}|\$\([\w.-]{1,200}\)/g, variable)
  return { text: filled, line, isKnown: filled === text }
}

const variable = `${'$'}{VALUE}`

/** A text of several lines is a block, which begins below its key. */
const findFirstLine = (text: string, line: number | null): number =>
  (line ?? 1) + (line !== null && text.trimEnd().includes('\n') ? 1 : 0)
