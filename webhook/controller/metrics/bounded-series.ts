/** How long a series is shown after its last change. */
const keptMs = 24 * 3_600_000

export interface SeriesBounds<L> {
  /** Of all series together, except those of `other`. */
  readonly max: number
  /** Of the series of one group, so that one namespace cannot use up the places of all. */
  readonly maxPerGroup: number
  group(labels: L): string
  /** The series that counts instead of one for which there is no place. There must be few of them. */
  other(labels: L): L
}

/**
 * Bounds the series of a metric whose labels contain names that tenants choose. A series that has not changed for a day is
 * removed, because each run of a scheduled application may have a new name. Call the returned function at each change of a
 * series: it returns the labels to use. `removed` is called with the labels of an expired series.
 */
export function createBoundedSeries<L extends Readonly<Record<string, string>>>(
  { max, maxPerGroup, group, other }: SeriesBounds<L>,
  nowMs: () => number,
  removed: (labels: L) => void,
): (labels: L) => L {
  /** The latest last. */
  const series = new Map<string, { readonly labels: L; readonly atMs: number; readonly group: string | null }>()
  const sizes = new Map<string, number>()
  const resize = (of: string | null, by: number) => {
    if (of === null) return
    const size = (sizes.get(of) ?? 0) + by
    if (size === 0) sizes.delete(of)
    else sizes.set(of, size)
  }
  let bounded = 0
  const expire = () => {
    for (const [key, { labels, atMs, group: of }] of series) {
      if (nowMs() - atMs < keptMs) return
      series.delete(key)
      resize(of, -1)
      if (of !== null) bounded -= 1
      removed(labels)
    }
  }
  const keep = (labels: L, of: string | null): L => {
    const key = JSON.stringify(labels)
    const known = series.get(key)
    series.delete(key)
    series.set(key, { labels, atMs: nowMs(), group: known === undefined ? of : known.group })
    if (known === undefined && of !== null) {
      bounded += 1
      resize(of, 1)
    }
    return labels
  }
  return (labels) => {
    expire()
    const of = group(labels)
    const hasPlace = series.has(JSON.stringify(labels)) || (bounded < max && (sizes.get(of) ?? 0) < maxPerGroup)
    return hasPlace ? keep(labels, of) : keep(other(labels), null)
  }
}
