import { boundText } from '../core/bounded-text.ts'
import { domain, reservedAnnotations } from '../core/contract/pod-contract.ts'
import { settings } from '../core/settings/settings.ts'

/** No setting has a valid value that is longer. */
const maxValueLength = 300
/** More than the number of settings and of other annotations of spark-nanny. */
const maxCount = 50

/**
 * The annotations of spark-nanny among those of an object, as far as they are kept in memory. A client may write thousands
 * with unknown names and values of 256 kB: they only cause a warning, so that a few of them, without their ends, are enough.
 * `maxLengths`: the lengths of the values that may be longer, by annotation.
 */
export function pickOwnAnnotations(
  annotations: Readonly<Record<string, string>> | undefined | null,
  maxLengths: Readonly<Record<string, number>> = {},
): Readonly<Record<string, string>> {
  const own = Object.entries(annotations ?? {}).filter(([name]) => name.startsWith(`${domain}/`))
  if (own.length === 0) return none
  const kept = own.length <= maxCount ? own : own.toSorted(([a], [b]) => rank(a) - rank(b)).slice(0, maxCount)
  return Object.fromEntries(kept.map(([name, value]) => [name, boundText(value, maxLengths[name] ?? maxValueLength)]))
}

const none: Readonly<Record<string, string>> = {}

/** Annotations that spark-nanny knows come first. */
const rank = (name: string) =>
  reservedAnnotations.includes(name) || Object.hasOwn(settings, name.slice(domain.length + 1)) ? 0 : 1
