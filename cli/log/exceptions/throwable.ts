/** The class and the message of an exception, as its line prints them. */
export interface ThrowableHead {
  readonly className: string
  readonly message: string
}

const qualifiedName = '(?:[a-zA-Z_$][\\w$]{0,100}\\.){1,15}[A-Z][\\w$]{0,150}'
const javaHead = new RegExp(`^(${qualifiedName})(?:: (.*)|:?$)`, 's')
/** The form in which Thrift prints its exceptions: `MetaException(message:text)`. */
const thriftHead = /^((?:[a-z][\w$]{0,100}\.){0,15}[A-Z]\w{0,100}(?:Exception|Error))\(message: ?(.*?)\)?$/s
const pythonHead = /^([A-Za-z_][\w.]{0,200}?)(?:: (.*)|:?$)/s
/** The form in which Python shows an exception inside another text: `NewConnectionError('<object>: text')`. */
const pythonRepr = /^([A-Z]\w{0,100}(?:Error|Exception|Timeout))\(['"]?(?:<[^>]{0,200}>[:,] )?['"]?(.*?)['"]?\)?$/s

/** Hadoop's form for an exception that a server threw: `RemoteException(package.Class): message`. */
const remoteHead = new RegExp(`^(${qualifiedName})\\((${qualifiedName})\\): (.*)$`, 's')

/** Parses `package.Class: message`, `package.Class`, and the forms of Thrift and Hadoop. Returns undefined for any other text. */
export function parseJavaHead(text: string): ThrowableHead | undefined {
  const plain = toHead(javaHead.exec(text) ?? thriftHead.exec(text))
  if (plain !== undefined) return plain
  const remote = remoteHead.exec(text)
  return remote === null ? undefined : { className: remote[1] ?? '', message: `${remote[2]}: ${remote[3]}` }
}

/** Parses the last line of a Python traceback, whose class may have neither a module nor a capital letter. */
export function parsePythonHead(text: string): ThrowableHead | undefined {
  return toHead(pythonHead.exec(text))
}

/** Parses an exception that is quoted in a message, in any of the known forms. */
export function parseQuotedHead(text: string): ThrowableHead | undefined {
  return parseJavaHead(text) ?? toHead(pythonRepr.exec(text)) ?? toHead(simpleHead.exec(text))
}

/** A class without its package, which must be recognizable by its name. */
const simpleHead = /^([A-Z]\w{0,100}(?:Exception|Error))(?:: (.*)|$)/s

function toHead(match: RegExpExecArray | null): ThrowableHead | undefined {
  return match === null ? undefined : { className: match[1] ?? '', message: (match[2] ?? '').trim() }
}

/** The name of the class without its package and its outer classes. */
export const simpleName = (className: string): string => className.split(/[.$]/).findLast((part) => part !== '') ?? ''
