const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof unitMs

/** The form of a duration, as a regular expression that JSON schemas understand too. */
export const durationPattern = '(\\d+(\\.\\d+)?(ms|s|m|h|d))+'
const duration = new RegExp(`^${durationPattern}$`)

/** A person writes at most a few units. */
const maxDurationLength = 64

/**
 * Milliseconds of a duration such as `500ms`, `30s`, `1h30m` or `7d`. Returns undefined if the text is not a duration, or
 * longer than 64 characters.
 */
export function parseDurationMs(text: string): number | undefined {
  if (text.length > maxDurationLength || !duration.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * unitMs[unit as Unit]
  }
  return Math.round(totalMs)
}

/** The shortest text that {@link parseDurationMs} reads as the same duration: 90000 is `1m30s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs <= 0) return '0s'
  let restMs = Math.round(durationMs)
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const amount = Math.floor(restMs / unitMs[unit])
    if (amount > 0) text += `${amount}${unit}`
    restMs -= amount * unitMs[unit]
  }
  return text
}
