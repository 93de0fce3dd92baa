import { toRecord, toText } from '../../core/json.ts'
import type { SparkOperator } from '../../core/spark/application.ts'
import { sparkApplicationApis } from '../../core/spark/application.ts'
import type { CliIo } from '../io/cli-io.ts'
import { type KubernetesObject, mapObjects, parseManifests } from '../manifests/manifests.ts'
import { UsageError } from '../options/usage-error.ts'
import { buildApplicationConf, type ConfOrigin } from '../spark-conf/application-conf.ts'
import { parseConfFile } from '../spark-conf/conf-file.ts'
import type { EffectiveConf } from '../spark-conf/effective-conf.ts'
import type { SparkVersion } from '../spark-conf/spark-version.ts'

/** The name of the file for messages. */
export const parseFileName = (path: string) => (path === '-' ? 'standard input' : path)

/** An application or a configuration that is about to be submitted. */
export type Input =
  | {
      readonly kind: 'application'
      readonly operator: SparkOperator
      readonly object: KubernetesObject
      readonly origin: ConfOrigin
      readonly conf: EffectiveConf
    }
  | {
      readonly kind: 'conf'
      readonly name: string
      readonly conf: EffectiveConf
      /** The jar, Python or R file. Undefined if the file contains only settings. */
      readonly mainFile: string | undefined
    }

const wanted = 'SparkApplications in YAML or JSON, or a configuration file or command line of spark-submit'

/**
 * Reads the SparkApplications of a file, or the configuration in it. `-` is stdin. `version` takes precedence over the file.
 * Throws a UsageError if the file contains neither.
 */
export async function readInputs(
  path: string,
  version: SparkVersion | undefined,
  io: Pick<CliIo, 'readFile' | 'readStdin'>,
): Promise<readonly [Input, ...Input[]]> {
  const name = parseFileName(path)
  const text = await (path === '-' ? io.readStdin() : io.readFile(path)).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new UsageError(`${name}: ${readProblems[code] ?? `cannot be read (${code})`}; expected ${wanted}`)
  })
  if (!isManifest(text)) {
    const { conf, mainFile } = parseConfFile(text, name, version)
    if (conf.entries.size === 0) throw new UsageError(`${name}: holds no setting; expected ${wanted}`)
    return [{ kind: 'conf', name, conf, mainFile }]
  }
  const parsed = parseManifests(text)
  if ('problem' in parsed) throw new UsageError(`${name}: ${parsed.problem}; expected ${wanted}`)
  const found: Input[] = []
  mapObjects(parsed.documents, (object) => {
    const operator = findOperator(object)
    if (operator !== undefined)
      found.push(toApplicationInput(unscheduled(object), operator, version, originIn(name, text)))
    return object
  })
  const [first, ...rest] = found
  if (first === undefined) {
    const kinds = parsed.documents.map(({ apiVersion, kind }) => `${toText(kind)} of ${toText(apiVersion)}`)
    throw new UsageError(`${name}: holds ${kinds.join(', ')}; expected ${wanted}`)
  }
  return [first, ...rest]
}

export function toApplicationInput(
  object: KubernetesObject,
  operator: SparkOperator,
  version: SparkVersion | undefined,
  origin: ConfOrigin,
): Input {
  return {
    kind: 'application',
    operator,
    object,
    origin,
    conf: buildApplicationConf(object, operator, version, origin),
  }
}

/** The operator of the object, by its API group. Accepts any version, so that a rule can report a wrong one. */
function findOperator({ apiVersion, kind }: KubernetesObject): SparkOperator | undefined {
  if (kind !== 'SparkApplication' && kind !== 'ScheduledSparkApplication') return undefined
  return sparkApplicationApis.find(({ group }) => toText(apiVersion).startsWith(`${group}/`))?.operator ?? 'kubeflow'
}

/** The SparkApplication that a ScheduledSparkApplication creates. */
function unscheduled(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'ScheduledSparkApplication') return object
  return { ...object, kind: 'SparkApplication', spec: toRecord(object.spec).template }
}

const isManifest = (text: string) => /^\s*[[{]/.test(text) || /^(- )?"?(apiVersion|kind)"?[ \t]*:/m.test(text)

/** The line of a key that occurs once in the file. */
function originIn(source: string, text: string): ConfOrigin {
  const lines = text.split('\n')
  return {
    source,
    lineOf: (key) => {
      const isHere = (line: string) =>
        line.trimStart().replace(/^["']/, '').startsWith(key) &&
        /^["']?\s*:/.test(line.trimStart().replace(/^["']/, '').slice(key.length))
      const index = lines.findIndex(isHere)
      return index < 0 || lines.findLastIndex(isHere) !== index ? null : index + 1
    },
  }
}

const readProblems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a directory',
  EACCES: 'may not be read',
}
