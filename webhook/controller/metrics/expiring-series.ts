/** How long a series is shown after its last change. */
const keptMs = 24 * 3_600_000

/**
 * Removes series that have not changed for a day, because each run of a scheduled application may have a new name. Call
 * the returned function at each change of a series; `removed` is called with the labels of an expired one.
 */
export function createExpiringSeries<L extends Readonly<Record<string, string>>>(
  nowMs: () => number,
  removed: (labels: L) => void,
): (labels: L) => L {
  /** The latest last. */
  const series = new Map<string, { readonly labels: L; readonly atMs: number }>()
  return (labels) => {
    const key = JSON.stringify(labels)
    series.delete(key)
    series.set(key, { labels, atMs: nowMs() })
    for (const [oldest, { labels: of, atMs }] of series) {
      if (nowMs() - atMs < keptMs) break
      series.delete(oldest)
      removed(of)
    }
    return labels
  }
}
