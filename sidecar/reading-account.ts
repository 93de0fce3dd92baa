import type { WantedReading } from '../core/verdict/plan-readings.ts'
import type { UiWitness } from '../core/verdict/witnesses.ts'

/** What the poller knows of one witness. Times are of the active clock. */
export interface ReadingRecord {
  readonly witness: UiWitness
  /** When it was asked last. */
  readonly askedMs: number
  /** When the UI last reported it; null if it never has. */
  readonly reportedMs: number | null
  /** The size of the last answer that reported it. */
  readonly bytes: number
}

/**
 * Decides which reading a poll may add, so that a healthy driver is asked for at most twice the bytes of the plain polls: the
 * account is credited with the bytes of each answer to a poll, and an optional reading is made only if the account covers
 * the size that it had last time. Urgent readings, which need a sign of a hang, may overdraw the account.
 */
export interface ReadingAccount {
  credit(pollBytes: number): void
  /** The reading to make now; undefined if none is wanted or affordable. */
  choose(wanted: readonly WantedReading[]): UiWitness | undefined
  /** Records a reading: what it cost, and whether the UI reported it. */
  record(witness: UiWitness, bytes: number, wasReported: boolean, nowMs: number): void
  /** The latest reading of each witness that was asked. */
  records(): readonly ReadingRecord[]
  /** Bytes that the readings have cost. */
  spentBytes(): number
  /** The next driver may report other witnesses, and does not pay for the hang of the one before. */
  forget(): void
}

/** The sizes of compressed answers of real drivers, until this driver has answered. */
const usualBytes: Readonly<Record<UiWitness, number>> = {
  jobs: 1_000,
  executors: 2_000,
  metrics: 4_000,
  queries: 5_000,
  threads: 30_000,
}

/** Neither a long quiet time nor many urgent readings may decide about the bytes of the next hours. */
const maxBalanceBytes = 1_000_000
/**
 * After thread dumps the account may owe the bytes of an hour of polls. Meanwhile this share of what the polls earn may be
 * spent on optional readings, so that the next hang is seen, and the rest repays the debt.
 */
const spendableInDebt = 0.5
const maxSpendableInDebtBytes = 32_768
/** A reading this much cheaper than one that is saved for may be made before it. */
const cheapShare = 0.15

export function createReadingAccount(): ReadingAccount {
  const records = new Map<UiWitness, ReadingRecord>()
  let latestTurn: UiWitness | undefined
  let balanceBytes = 0
  let spendableBytes = 0
  let spentBytes = 0
  const askedMs = (witness: UiWitness) => records.get(witness)?.askedMs ?? Number.NEGATIVE_INFINITY
  const estimate = (witness: UiWitness) => records.get(witness)?.bytes || usualBytes[witness]
  const add = (bytes: number) => {
    balanceBytes = Math.max(-maxBalanceBytes, Math.min(maxBalanceBytes, balanceBytes + bytes))
  }
  return {
    credit(pollBytes) {
      add(pollBytes)
      spendableBytes = Math.min(maxSpendableInDebtBytes, spendableBytes + pollBytes * spendableInDebt)
    },
    choose(wanted) {
      const byWait = wanted.toSorted((a, b) => compare(askedMs(a.witness), askedMs(b.witness)))
      // With rare polls, an urgent one may be due at each of them, and must not starve the others.
      const urgent = byWait.find(({ urgency }) => urgency === 'urgent')
      if (urgent !== undefined) return urgent.witness
      const waiting = byWait.map(({ witness }) => witness)
      const mostImportant = wanted[0]?.witness
      // The most important one has every second turn, and the others take turns.
      const first = mostImportant === latestTurn ? waiting[0] : mostImportant
      if (first === undefined) return undefined
      // The one whose turn it is saves up: others must not starve it.
      const availableBytes = balanceBytes < 0 ? spendableBytes : balanceBytes
      const limitBytes = availableBytes >= estimate(first) ? availableBytes : estimate(first) * cheapShare
      const chosen = [first, ...waiting].find((witness) => estimate(witness) <= Math.min(availableBytes, limitBytes))
      if (chosen === first) latestTurn = first
      return chosen
    },
    record(witness, bytes, wasReported, nowMs) {
      const before = records.get(witness)
      records.set(witness, {
        witness,
        askedMs: nowMs,
        reportedMs: wasReported ? nowMs : (before?.reportedMs ?? null),
        bytes: wasReported ? bytes : (before?.bytes ?? 0),
      })
      spentBytes += bytes
      add(-bytes)
      spendableBytes = Math.max(0, spendableBytes - bytes)
    },
    records: () => [...records.values()],
    spentBytes: () => spentBytes,
    forget() {
      records.clear()
      balanceBytes = Math.max(0, balanceBytes)
    },
  }
}

/** Equal for two times before the first reading, which no subtraction of infinities gives. */
function compare(a: number, b: number): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
