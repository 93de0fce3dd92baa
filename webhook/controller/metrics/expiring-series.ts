/** How long the figures of an application are shown after the last that was counted for it. */
const keptMs = 24 * 3_600_000

/**
 * Forgets the figures of applications for which nothing was counted for a day: each run of a schedule has a new name.
 * `removed` is told the labels.
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
