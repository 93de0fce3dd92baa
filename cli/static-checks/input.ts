import { distance } from 'fastest-levenshtein'
import { cutText, showValue, toRecord, toText } from '../../core/json.ts'
import { type SparkOperator, sparkApplicationApis } from '../../core/spark/application.ts'
import type { Unknown } from '../evidence/evidence.ts'
import type { CliIo } from '../io/cli-io.ts'
import {
  type KubernetesObject,
  type LocatedObject,
  listObjects,
  type Manifests,
  parseManifests,
} from '../manifests/manifests.ts'
import type { DuplicateKey } from '../manifests/yaml-lines.ts'
import { UsageError } from '../options/usage-error.ts'
import { buildApplicationConf, type ConfOrigin } from '../spark-conf/application-conf.ts'
import { parseConfFile } from '../spark-conf/conf-file.ts'
import { createConfLookup, type EffectiveConf } from '../spark-conf/effective-conf.ts'
import type { SparkVersion } from '../spark-conf/spark-version.ts'
import { findSubmitCalls, type SubmitCommand } from '../spark-conf/submit-command.ts'
import { type EmbeddedManifest, findEmbedded } from './embedded.ts'
import { recogniseFile } from './file-kind.ts'
import { findTemplateSign, findUnfilledField } from './template-signs.ts'

/** The name of the file for messages. */
export const parseFileName = (path: string) => (path === '-' ? 'standard input' : path)

/** An application or a configuration that is about to be submitted. */
export type Input = ApplicationInput | ConfInput

export interface ApplicationInput {
  readonly kind: 'application'
  readonly operator: SparkOperator
  /** As a SparkApplication, also if the file contains a ScheduledSparkApplication. */
  readonly object: KubernetesObject
  /** As the file contains it. */
  readonly written: KubernetesObject
  readonly origin: ConfOrigin
  readonly conf: EffectiveConf
}

export interface ConfInput {
  readonly kind: 'conf'
  readonly name: string
  readonly conf: EffectiveConf
  /** The jar, Python or R file. Undefined if the file contains only settings. */
  readonly mainFile: string | undefined
  readonly mode: SubmissionMode
  /** Whether the file contains all settings of the submission, as far as it shows. Otherwise an absent setting is unknown. */
  readonly isWhole: boolean
  /** The call of spark-submit. Null for a file of settings, and for a running driver. */
  readonly command: SubmitCommand | null
}

/** Where the driver runs. `elsewhere`: not on Kubernetes. `unknown`: another file or flag decides. */
export type SubmissionMode = 'cluster' | 'client' | 'elsewhere' | 'unknown'

/** Another kind of an operator's API group, such as SparkConnect, of which only the schema is known. */
export interface ResourceInput {
  readonly object: KubernetesObject
  readonly origin: ConfOrigin
}

/** What a file contains. */
export interface InputFile {
  readonly name: string
  readonly inputs: readonly Input[]
  readonly resources: readonly ResourceInput[]
  /** Keys that a map of the file contains more than once. */
  readonly duplicates: readonly DuplicateKey[]
  /** Objects that were left alone. */
  readonly unknown: readonly Unknown[]
}

const wanted =
  'SparkApplications in YAML or JSON, spark-defaults.conf or another file of spark.* settings, or a script, command line, Job or workflow that calls spark-submit'

/**
 * Reads the SparkApplications of a file, or the configuration in it. `-` is stdin. `version` takes precedence over the file.
 * Throws a UsageError that says what the file is, if it contains neither.
 */
export async function readInputs(
  path: string,
  version: SparkVersion | undefined,
  io: Pick<CliIo, 'readFile' | 'readStdin'>,
): Promise<InputFile> {
  const name = parseFileName(path)
  const text = await (path === '-' ? io.readStdin() : io.readFile(path)).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new UsageError(`${name}: ${readProblems[code] ?? `cannot be read (${code})`}; expected ${wanted}`)
  })
  const file = recogniseFile(text, name, version)
  const rest = { name, resources: [], duplicates: [], unknown: [] }
  switch (file.kind) {
    case 'manifest':
      return readManifests(text, name, version)
    case 'submission':
      return { ...rest, inputs: file.commands.map((command) => fromCommand(command, name)) }
    case 'properties':
      return { ...rest, inputs: [fromSettings(parseConfFile(text, name, version), name)] }
    case 'template':
      throw new UsageError(describeTemplate(name, file.sign, file.line))
    case 'other':
      throw new UsageError(`${name}: ${file.what}${file.found === '' ? '' : `, ${file.found}`}; expected ${wanted}`)
  }
}

const describeTemplate = (name: string, sign: string, line: number | null) =>
  `${name}: is a template: ${line === null ? '' : `line ${line} contains `}${sign}; render it first, and check the result`

function fromCommand(command: SubmitCommand, name: string): ConfInput {
  const { conf, mainFile, unresolved, propertiesFile, opaque } = command
  const isWhole = propertiesFile === null && opaque.length === 0
  const isOpen = ['spark.master', 'spark.submit.deployMode'].some((key) => unresolved.has(key))
  return {
    kind: 'conf',
    name,
    conf,
    mainFile: mainFile ?? undefined,
    mode: isOpen ? 'unknown' : findMode(conf, isWhole ? 'client' : 'unknown'),
    isWhole,
    command,
  }
}

const fromSettings = (conf: EffectiveConf, name: string): ConfInput => ({
  kind: 'conf',
  name,
  conf,
  mainFile: undefined,
  mode: findMode(conf, 'unknown'),
  isWhole: false,
  command: null,
})

/** `usual` is the mode if the master is Kubernetes and no deploy mode is set. */
function findMode(conf: EffectiveConf, usual: SubmissionMode): SubmissionMode {
  const value = createConfLookup(conf)
  const master = value('spark.master')
  if (master !== undefined && !/^k8s:/.test(master)) return 'elsewhere'
  const deployMode = value('spark.submit.deployMode')?.toLowerCase()
  if (deployMode === 'cluster' || deployMode === 'client') return deployMode
  return master === undefined || deployMode !== undefined ? 'unknown' : usual
}

function readManifests(text: string, name: string, version: SparkVersion | undefined): InputFile {
  const parsed = parseManifests(text)
  if ('problem' in parsed) {
    const sign = findTemplateSign(text)
    throw new UsageError(
      sign === undefined
        ? `${name}: ${parsed.problem}; expected ${wanted}`
        : describeTemplate(name, sign.sign, sign.line),
    )
  }
  requireRendered(parsed, name)
  const contents: Contents = { inputs: [], resources: [], foreign: [], unknown: [] }
  for (const located of listObjects(parsed)) readObject(located, name, version, contents)
  const { inputs, resources, foreign, unknown } = contents
  if (inputs.length + resources.length === 0) {
    const [template] = unknown
    throw new UsageError(
      template === undefined
        ? describeContents(name, parsed, foreign)
        : `${name}: ${template.what}: ${template.why}; render it first, and check the result`,
    )
  }
  const left = foreign.map((object) => ({
    what: `SparkApplication ${toText(toRecord(object.metadata).name)}`,
    source: name,
    why: describeForeign(object),
  }))
  return { name, inputs, resources, duplicates: parsed.duplicates, unknown: [...unknown, ...left] }
}

/** What has been found in a file so far. */
interface Contents {
  readonly inputs: Input[]
  readonly resources: ResourceInput[]
  /** SparkApplications of other operators. */
  readonly foreign: KubernetesObject[]
  readonly unknown: Unknown[]
}

function readObject(located: LocatedObject, name: string, version: SparkVersion | undefined, contents: Contents): void {
  const { object } = located
  const api = findApi(object)
  const isApplication = applicationKinds.includes(toText(object.kind))
  const origin = createOrigin(name, located)
  if (api !== undefined && isApplication) {
    contents.inputs.push(toApplicationInput(object, api.operator, version, origin))
  } else if (api !== undefined) contents.resources.push({ object, origin })
  else if (isApplication) contents.foreign.push(object)
  else readEmbedded(located, name, version, contents)
}

/** Reads what an object of another kind submits: calls of spark-submit, and SparkApplications that a workflow creates. */
function readEmbedded(
  located: LocatedObject,
  name: string,
  version: SparkVersion | undefined,
  contents: Contents,
): void {
  const { commands, manifests } = findEmbedded(located)
  for (const command of commands) {
    contents.inputs.push(...findSubmitCalls(command, name, version).map((call) => fromCommand(call, name)))
  }
  for (const manifest of manifests) {
    const kind = toText(located.object.kind)
    for (const inner of readEmbeddedManifest(manifest, kind, name, contents)) readObject(inner, name, version, contents)
  }
}

/** The SparkApplications of a manifest inside another object. Workflows within workflows are not read. */
function readEmbeddedManifest(
  { text, before }: EmbeddedManifest,
  kind: string,
  source: string,
  { unknown }: Contents,
): readonly LocatedObject[] {
  const parsed = parseManifests(text)
  const sign = findTemplateSign(text)
  if ('problem' in parsed || sign !== undefined) {
    const why = sign === undefined ? 'it is not YAML' : `it is a template: it contains ${cutText(sign.sign, 80)}`
    if (/SparkApplication/.test(text)) unknown.push({ what: `SparkApplication in ${cutText(kind, 80)}`, source, why })
    return []
  }
  return listObjects(parsed)
    .filter(({ object }) => applicationKinds.includes(toText(object.kind)))
    .map(({ object, lineOf }) => ({
      object,
      lineOf: (path) => {
        const line = lineOf(path)
        return line === null ? null : line + before
      },
    }))
}

/** Throws a UsageError if an application contains something that another program has to fill in. */
function requireRendered(manifests: Manifests, name: string): void {
  for (const { object, lineOf } of listObjects(manifests)) {
    const { status, ...written } = unschedule(object)
    const field = findApi(object) === undefined ? undefined : findUnfilledField(written)
    if (field === undefined) continue
    const line = lineOf(toFilePath(field.path, findSpecPath(object)))
    throw new UsageError(describeTemplate(name, showValue(field.sign, 80), line))
  }
}

const describeForeign = ({ apiVersion }: KubernetesObject) =>
  `it is of ${toText(apiVersion)}, which belongs to another operator than kubeflow’s and Apache’s`

function describeContents(name: string, manifests: Manifests, foreign: readonly KubernetesObject[]): string {
  const [first] = foreign
  if (first !== undefined) {
    return `${name}: contains a ${toText(first.kind)}, but ${describeForeign(first)}; spark-nanny does not know its fields`
  }
  const kinds = listObjects(manifests).map(({ object }) => `${toText(object.kind)} of ${toText(object.apiVersion)}`)
  const found = kinds.length === 0 ? 'no object' : [...new Set(kinds)].join(', ')
  return `${name}: contains ${found}, but no SparkApplication; expected ${wanted}`
}

export function toApplicationInput(
  written: KubernetesObject,
  operator: SparkOperator,
  version: SparkVersion | undefined,
  origin: ConfOrigin,
): ApplicationInput {
  const object = unschedule(written)
  const conf = buildApplicationConf(object, operator, version, origin)
  return { kind: 'application', operator, object, written, origin, conf }
}

const applicationKinds = ['SparkApplication', 'ScheduledSparkApplication']

/**
 * The API to which an object belongs by its group, with any version, so that a rule can report a wrong one. A group that is
 * missing or misspelt counts too; undefined for the group of another operator, and for other kinds of objects.
 */
function findApi({ apiVersion, kind, spec }: KubernetesObject): (typeof sparkApplicationApis)[number] | undefined {
  const [group = ''] = toText(apiVersion ?? '').split('/')
  const found = sparkApplicationApis.find((api) => api.group === group)
  if (found !== undefined || !applicationKinds.includes(toText(kind))) return found
  if (group === '') return sparkApplicationApis.find(({ operator }) => (operator === 'apache') === isApaches(spec))
  return sparkApplicationApis.find((api) => distance(api.group, group) <= 3)
}

const isApaches = (spec: unknown) => toRecord(spec).runtimeVersions !== undefined

/** The SparkApplication that a ScheduledSparkApplication creates. */
function unschedule(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'ScheduledSparkApplication') return object
  return { ...object, kind: 'SparkApplication', spec: toRecord(object.spec).template }
}

const findSpecPath = ({ kind }: KubernetesObject): ConfOrigin['specPath'] =>
  kind === 'ScheduledSparkApplication' ? 'spec.template' : 'spec'

/** A path in a SparkApplication, as the file contains it. */
const toFilePath = (path: readonly (string | number)[], specPath: ConfOrigin['specPath']) =>
  path[0] === 'spec' ? [...specPath.split('.'), ...path.slice(1)] : path

function createOrigin(source: string, { object, lineOf }: LocatedObject): ConfOrigin {
  const specPath = findSpecPath(object)
  return {
    source,
    kind: toText(object.kind),
    specPath,
    lineAt: lineOf,
    lineOf: (path) => lineOf(toFilePath(path, specPath)),
  }
}

const readProblems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a directory',
  EACCES: 'may not be read',
}
