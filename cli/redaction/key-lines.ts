import { findAssignedSecrets } from './assignments.ts'
import { isSecretName } from './secret-names.ts'

type Inside =
  | { readonly kind: 'key' }
  /** Lines with deeper indentation. With `isPlain`, the block ends at the first line that is an entry. */
  | { readonly kind: 'block'; readonly indent: number; readonly isPlain: boolean }
  | { readonly kind: 'value' }
  | { readonly kind: 'quote'; readonly quote: string }
  | { readonly kind: 'continued' }
  /** The lines of a key of PuTTY. */
  | { readonly kind: 'base64' }

/** Maximum number of lines of a secret. Later lines are log output, even if the end of the secret is missing. */
const maxLinesInside = {
  key: 200,
  block: 200,
  continued: 200,
  base64: 200,
  quote: 20,
  value: 1,
} as const satisfies Readonly<Record<Inside['kind'], number>>

/** Tracks private keys and other secrets that span several lines of a text. */
export class KeyLines {
  #left = 0
  #inside: Inside = { kind: 'key' }

  /** Whether the next line belongs to a secret that began before it. */
  isInside(line: string): boolean {
    if (this.#left > 0 && this.#continues(line)) return true
    this.#left = 0
    const begun = beginning(line)
    if (begun !== undefined) {
      this.#inside = begun
      this.#left = maxLinesInside[begun.kind]
    }
    return false
  }

  #continues(line: string): boolean {
    const inside = this.#inside
    this.#left -= 1
    switch (inside.kind) {
      case 'key':
        if (line.includes('-----END ')) this.#left = 0
        return true
      case 'block':
        if (line.trim() === '') return !inside.isPlain
        return countIndent(line) > inside.indent && !(inside.isPlain && entry.test(line)) && !record.test(line)
      case 'base64':
        return /^\s*[A-Za-z0-9+/]{1,100}={0,2}\s*$/.test(line)
      case 'value':
        return valueLine.test(line)
      case 'quote':
        if (record.test(line)) return false
        if (line.includes(inside.quote)) this.#left = 0
        return true
      case 'continued':
        if (!line.trimEnd().endsWith('\\')) this.#left = 0
        return true
    }
  }
}

const countIndent = (line: string) => line.length - line.trimStart().length
const entry = /^\s*(?:- )?["']?[\w./-]+["']?\s?(?::(?:\s|$)|=)|^\s*[-{}[\]#]/
/** Matches a line that a logger or the JVM wrote, which cannot continue a value. */
const record =
  /^\s*(?:\[?\d{2,4}[-/]\d\d[-/]\d\d|at [\w$.]+\(|Caused by|Exception |\[?(?:TRACE|DEBUG|INFO|WARN|ERROR)\b)/
const valueLine = /^\s*["']?value["']?\s?[:=]|^\s*<value>/
const blockBegins = /(?<![\w.-])([A-Za-z_][\w.-]{0,200})["']?\s?[:=]\s?(?:[|>][-+\d]{0,2})\s*$/
/** Most lines do not end like the beginning of a block, and the pattern would look at each of their words. */
function nameOfBlock(line: string): string {
  const end = line.trimEnd().slice(-3)
  return end.includes('|') || end.includes('>') ? (blockBegins.exec(line)?.[1] ?? '') : ''
}
const plainBegins = /^\s*(?:- )?["']?([A-Za-z_][\w.-]{0,200})["']?:\s*$/
const nameOfEntry = /^\s*(?:- )?(?:["']?name["']?\s?[:=]\s?["']?|<name>)([\w.-]{1,200})(?:["']?,?|<\/name>)\s*$/

/** The beginnings that only a line of a file has, not a record of Spark, which starts with its date. */
function beginningInFile(line: string): Inside | undefined {
  if (/^\s*Private-Lines: \d{1,4}\s*$/.test(line)) return { kind: 'base64' }
  if (isSecretName(plainBegins.exec(line)?.[1] ?? ''))
    return { kind: 'block', indent: countIndent(line), isPlain: true }
  return isSecretName(nameOfEntry.exec(line)?.[1] ?? '') ? { kind: 'value' } : undefined
}

const slash = 47
const isDated = (line: string) => line.charCodeAt(2) === slash && line.charCodeAt(5) === slash
const isFrame = (line: string) => line.startsWith('\tat ')
const hasQuote = (line: string) => line.includes('"') || line.includes("'") || line.includes('`')

function beginning(line: string): Inside | undefined {
  // Stack frames and records of Spark are most of the lines of a log.
  if (isFrame(line)) return undefined
  const at = line.indexOf('-----BEGIN ')
  if (at >= 0 && line.includes('PRIVATE KEY', at) && !line.includes('-----END ', at)) return { kind: 'key' }
  const isLast = line.length < 2000
  if (!isLast) return undefined
  if (isSecretName(nameOfBlock(line))) return { kind: 'block', indent: countIndent(line), isPlain: false }
  const inFile = isDated(line) ? undefined : beginningInFile(line)
  if (inFile !== undefined) return inFile
  if (!hasQuote(line) && !line.trimEnd().endsWith('\\')) return undefined
  const last = [...findAssignedSecrets(line)].at(-1)
  if (last === undefined) return undefined
  if (last.openQuote !== null) return { kind: 'quote', quote: last.openQuote }
  return last.end >= line.trimEnd().length && /(?:^|[^\\])\\\s*$/.test(line) ? { kind: 'continued' } : undefined
}
