import { leavesReserve } from './fair-reserve.ts'

/** What one client holds of a limited total. */
export interface Share {
  /** Makes the share the last of its peer that is revoked. */
  touch(): void
  /**
   * Makes the share irrevocable, until it is released. Returns false, and releases the share, if the irrevocable ones of its
   * peer would leave no reserve for other peers.
   */
  settle(): boolean
  /** May be called repeatedly. */
  release(): void
}

export interface FairShares {
  /**
   * Takes a share for a peer. Null if this share itself is the one that must give way. `revoke` is called at most once, when
   * another share needs the room, and the share is released then.
   */
  take(peer: string, size: number, revoke: () => void): Share | null
}

interface Entry {
  readonly peer: string
  readonly size: number
  readonly revoke: () => void
  state: 'revocable' | 'settled' | 'released'
}

interface Holder {
  /** Of all its shares, also the settled ones. */
  size: number
  settledSize: number
  /** Those that can be revoked. The first is revoked first. */
  readonly revocable: Set<Entry>
}

/**
 * Divides `total` among peers. While it is exceeded, the peer that holds the most gives up its oldest share. So a peer that
 * takes everything only takes it from itself: peers that hold little always get their shares.
 */
export function createFairShares(total: number): FairShares {
  const holders = new Map<string, Holder>()
  let used = 0
  let settled = 0

  const add = (entry: Entry) => {
    const holder = holders.get(entry.peer) ?? { size: 0, settledSize: 0, revocable: new Set() }
    holders.set(entry.peer, holder)
    holder.size += entry.size
    holder.revocable.add(entry)
    used += entry.size
  }
  const release = (entry: Entry) => {
    const holder = holders.get(entry.peer)
    if (entry.state === 'released' || holder === undefined) return
    if (entry.state === 'settled') {
      holder.settledSize -= entry.size
      settled -= entry.size
    }
    holder.revocable.delete(entry)
    holder.size -= entry.size
    used -= entry.size
    if (holder.size === 0 && holder.revocable.size === 0) holders.delete(entry.peer)
    entry.state = 'released'
  }
  const settle = (entry: Entry): boolean => {
    const holder = holders.get(entry.peer)
    if (entry.state !== 'revocable' || holder === undefined) return false
    if (!leavesReserve(holder.settledSize + entry.size, settled - holder.settledSize, total)) {
      release(entry)
      return false
    }
    holder.revocable.delete(entry)
    holder.settledSize += entry.size
    settled += entry.size
    entry.state = 'settled'
    return true
  }
  const toShare = (entry: Entry): Share => ({
    touch: () => {
      const revocable = holders.get(entry.peer)?.revocable
      if (revocable?.delete(entry) === true) revocable.add(entry)
    },
    settle: () => settle(entry),
    release: () => release(entry),
  })

  return {
    take: (peer, size, revoke) => {
      const entry: Entry = { peer, size, revoke, state: 'revocable' }
      add(entry)
      while (used > total) {
        const victim = findVictim(holders) ?? entry
        release(victim)
        if (victim === entry) return null
        victim.revoke()
      }
      return toShare(entry)
    },
  }
}

/** The oldest revocable share of the peer that holds the most, of those that have any. */
function findVictim(holders: ReadonlyMap<string, Holder>): Entry | undefined {
  let largest: Holder | undefined
  for (const holder of holders.values()) {
    if (holder.revocable.size > 0 && (largest === undefined || holder.size > largest.size)) largest = holder
  }
  const [oldest] = largest?.revocable ?? []
  return oldest
}
