import { toRecord } from '../../core/json.ts'

/** The sign that another program has to fill in a text first, and where it is. */
export interface TemplateSign {
  readonly sign: string
  readonly line: number
}

/**
 * Names in braces that Spark or an operator replaces itself: the version in Apache's images, the ids in paths of logs and Java
 * options, and the parts of kubeflow's ingress addresses.
 */
const ownNames =
  /^\{\{\s*(SPARK_VERSION|APP_ID|APP_NAME|EXECUTOR_ID|HTTP_SCHEME|FILE_NAME|CLUSTER_ID|CONTAINER_ID|USER|NM_\w+|\$appName|\$appNamespace)\s*\}\}/

/** The first sign of Helm, Airflow, Jinja or Argo (`{{ }}`, `{% %}`), or of ERB (`<% %>`), outside of comments. */
export function findTemplateSign(text: string): TemplateSign | undefined {
  for (const [index, written] of text.split('\n').entries()) {
    const sign = findSign(written.replace(/^\s*#.*$|\s#.*$/, ''))
    if (sign !== undefined) return { sign, line: index + 1 }
  }
  return undefined
}

/** `{NAME}/` without quotes is a placeholder too: it makes the text invalid YAML. */
const signs = /\{\{[^{}]{1,200}\}\}|\{%[-+]? [^%]{1,200}%\}|<%[=#-]? [^%]{1,200}%>|(?<=:\s{1,8})\{\w+\}(?=[/:\w])/g

function findSign(text: string): string | undefined {
  for (const [sign] of text.matchAll(signs)) if (!ownNames.test(sign)) return sign
  return undefined
}

/** What an application receives. It may replace names itself, so that a sign in it proves nothing. */
const applicationFields = ['arguments', 'driverArgs']

/**
 * Fields in which neither Kubernetes, Spark nor an operator replaces `$NAME`, so that it cannot stay there. Values of
 * sparkConf may refer to other settings.
 */
const plainFields =
  /^(metadata\.(name|namespace)|spec\.(image|sparkVersion|runtimeVersions\.sparkVersion)|spec\.(driver|executor)\.(cores|coreRequest|coreLimit|memory|image|instances|serviceAccount))$/

/** A field whose name or value another program has to fill in. */
export interface UnfilledField {
  readonly path: readonly (string | number)[]
  readonly sign: string
}

/** The first field of a SparkApplication that contains a sign, or a variable of envsubst, kustomize or giter8. */
export function findUnfilledField(value: unknown, path: readonly (string | number)[] = []): UnfilledField | undefined {
  if (typeof value === 'string') {
    const sign = findSign(value) ?? (plainFields.test(path.join('.')) ? findVariable(value) : undefined)
    return sign === undefined ? undefined : { path, sign }
  }
  const parts = Array.isArray(value) ? value.entries() : Object.entries(toRecord(value))
  for (const [name, part] of parts) {
    const found = findInPart(name, part, path)
    if (found !== undefined) return found
  }
  return undefined
}

function findInPart(
  name: string | number,
  part: unknown,
  path: readonly (string | number)[],
): UnfilledField | undefined {
  if (typeof name === 'string') {
    if (applicationFields.includes(name)) return undefined
    // YAML reads `{{ name }}` without quotes as a map whose key is a map.
    if (part === null && /^\{ ?\w[^"'{}]*\}$/.test(name)) return { path, sign: `{${name}}` }
    if (findSign(name) !== undefined) return { path, sign: name }
  }
  return findUnfilledField(part, [...path, name])
}

/** `${NAME}`, `$NAME`, `$(NAME)`, `$name$`, `@NAME@` or `%NAME%`. */
const findVariable = (text: string): string | undefined =>
  /\$(\w+|\{[^}]*\}|\([^)]*\))|^\s*@@?\w+@@?\s*$|^\s*%\w+%\s*$/.exec(text)?.[0]
