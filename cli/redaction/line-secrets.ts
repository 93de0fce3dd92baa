import { findAssignedSecrets } from './assignments.ts'
import { findShapedSecrets } from './credential-forms.ts'
import { isFalsePositive } from './false-positives.ts'
import { isSecretName } from './secret-names.ts'
import type { Span } from './value-span.ts'

/** Elements of Hadoop's configuration XML and of other XML. */
const elements = [/<name>([^<]{1,200})<\/name>\s{0,100}<value>([^<]*)/gi, /<([\w.-]{1,100})>([^<]{1,4000})(?=<\/)/g]

/** Characters in which a name may be disguised: zero-width ones, and the full-width forms of ASCII. */
const disguised = /[\u00ad\u200b-\u200d\u2060\ufeff\uff01-\uff5e]/

/** Finds the secrets in a line, in order and without overlap. Takes time linear in the length of the line. */
export function findLineSecrets(line: string): readonly Span[] {
  if (!disguised.test(line)) return findPlainSecrets(line)
  const indices = [...Array(line.length).keys()].filter(
    (index) => !/[\u00ad\u200b-\u200d\u2060\ufeff]/.test(line[index] ?? ''),
  )
  const plain = indices.map((index) => toAscii(line.charCodeAt(index))).join('')
  const toIndex = (at: number) => indices[at] ?? line.length
  const found = findPlainSecrets(plain).map(({ start, end }) => ({ start: toIndex(start), end: toIndex(end) }))
  return mergeSpans([...findPlainSecrets(line), ...found])
}

const toAscii = (code: number): string => String.fromCharCode(code >= 0xff01 && code <= 0xff5e ? code - 0xfee0 : code)

function findPlainSecrets(line: string): readonly Span[] {
  const spans: Span[] = [...findAssignedSecrets(line), ...findShapedSecrets(line)]
  for (const element of elements) {
    for (const { index, 0: whole, 1: name = '', 2: value = '' } of line.matchAll(element)) {
      if (isSecretName(name)) spans.push({ start: index + whole.length - value.length, end: index + whole.length })
    }
  }
  return mergeSpans(spans.filter(({ start, end }) => end > start && !isFalsePositive(line.slice(start, end))))
}

/** Sorts spans and merges overlapping ones. */
export function mergeSpans(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = []
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1)
    if (last === undefined || span.start >= last.end) result.push(span)
    else if (span.end > last.end) result[result.length - 1] = { start: last.start, end: span.end }
  }
  return result
}
