/** How often something has happened to one pod within an hour. Its owner may change the pod as often as it likes. */
export interface HourlyCount {
  sinceMs: number
  count: number
}

const hourMs = 3_600_000

export const createHourlyCount = (): HourlyCount => ({ sinceMs: Number.NEGATIVE_INFINITY, count: 0 })

/** Whether it has happened less than `max` times since the hour began. The hour begins with the first time. */
export function isBelowHourly(counter: HourlyCount, max: number, nowMs: number): boolean {
  return isOver(counter, nowMs) || counter.count < max
}

/** Counts it once more. */
export function addHourly(counter: HourlyCount, nowMs: number): void {
  if (isOver(counter, nowMs)) {
    counter.sinceMs = nowMs
    counter.count = 0
  }
  counter.count += 1
}

/** Also after the clock was set back. */
const isOver = ({ sinceMs }: HourlyCount, nowMs: number) => Math.abs(nowMs - sinceMs) >= hourMs
