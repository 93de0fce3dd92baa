import type { Sample } from '../core/verdict/witnesses.ts'

export interface RecordedPoll {
  readonly sample: Sample
  readonly tookMs: number
  readonly wallMs: number
}

const maxPollsKept = 20
/** Upper bounds of the buckets, in seconds. The default timeout of a poll is 10 s. */
const bucketBounds = [0.005, 0.025, 0.1, 0.5, 2.5, 10] as const

export interface DurationHistogram {
  /** Cumulative, as Prometheus defines it. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[]
  readonly sumSeconds: number
  readonly count: number
}

/** The latest polls, and counts of all polls. */
export interface PollHistory {
  add(poll: RecordedPoll): void
  /** At most 20 polls, the oldest first. */
  latest(): readonly RecordedPoll[]
  counts(): Readonly<Record<Sample['kind'], number>>
  durations(): DurationHistogram
}

export function createPollHistory(): PollHistory {
  const polls: RecordedPoll[] = []
  const counts = { alive: 0, other: 0, failing: 0, refused: 0, inconclusive: 0 } satisfies Record<
    Sample['kind'],
    number
  >
  const inBucket = bucketBounds.map(() => 0)
  let sumSeconds = 0
  let count = 0
  return {
    add(poll) {
      polls.push(poll)
      if (polls.length > maxPollsKept) polls.shift()
      const seconds = poll.tookMs / 1000
      counts[poll.sample.kind] += 1
      count += 1
      sumSeconds += seconds
      for (const [index, bound] of bucketBounds.entries())
        if (seconds <= bound) inBucket[index] = (inBucket[index] ?? 0) + 1
    },
    latest: () => [...polls],
    counts: () => counts,
    durations: () => ({
      buckets: bucketBounds.map((le, index) => ({ le, count: inBucket[index] ?? 0 })),
      sumSeconds,
      count,
    }),
  }
}
