/** What one client holds of a limited total. */
export interface Share {
  /** Makes the share the last of its peer that is revoked. */
  touch(): void
  /** Makes the share irrevocable. It counts until it is released. */
  settle(): void
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
  size: number
  /** The first is revoked first. */
  readonly entries: Set<Entry>
}

/**
 * Divides `total` among peers. While it is exceeded, the peer that holds the most gives up its oldest share. So a peer that
 * takes everything only takes it from itself: peers that hold little always get their shares.
 */
export function createFairShares(total: number): FairShares {
  const holders = new Map<string, Holder>()
  let used = 0

  const add = (entry: Entry) => {
    const holder = holders.get(entry.peer) ?? { size: 0, entries: new Set() }
    holders.set(entry.peer, holder)
    holder.size += entry.size
    holder.entries.add(entry)
  }
  const remove = (entry: Entry) => {
    const holder = holders.get(entry.peer)
    if (holder?.entries.delete(entry) !== true) return
    holder.size -= entry.size
    if (holder.entries.size === 0) holders.delete(entry.peer)
  }
  const release = (entry: Entry) => {
    if (entry.state === 'released') return
    remove(entry)
    entry.state = 'released'
    used -= entry.size
  }
  const toShare = (entry: Entry): Share => ({
    touch: () => {
      const entries = holders.get(entry.peer)?.entries
      if (entries?.delete(entry) === true) entries.add(entry)
    },
    settle: () => {
      if (entry.state !== 'revocable') return
      remove(entry)
      entry.state = 'settled'
    },
    release: () => release(entry),
  })

  return {
    take: (peer, size, revoke) => {
      const entry: Entry = { peer, size, revoke, state: 'revocable' }
      add(entry)
      used += size
      while (used > total) {
        const victim = findOldest(findLargest(holders)) ?? entry
        release(victim)
        if (victim === entry) return null
        victim.revoke()
      }
      return toShare(entry)
    },
  }
}

function findLargest(holders: ReadonlyMap<string, Holder>): Holder | undefined {
  let largest: Holder | undefined
  for (const holder of holders.values()) if (largest === undefined || holder.size > largest.size) largest = holder
  return largest
}

function findOldest(holder: Holder | undefined): Entry | undefined {
  const [oldest] = holder?.entries ?? []
  return oldest
}
