/** Items that wait, of several peers. */
export interface FairTurns<T> {
  /** How many items wait. */
  readonly size: number
  add(peer: string, item: T): Waiting
  /** The next item, which no longer waits. `spend` must be called with the time that it took, in any unit. */
  take(): { readonly item: T; spend(time: number): void } | undefined
}

export interface Waiting {
  /** Removes the item if it still waits. */
  remove(): void
}

interface Peer<T> {
  readonly waiting: Set<{ readonly item: T }>
  /** On the common scale of all peers: when the peer has used up the time that it has taken. */
  spent: number
}

/** Peers without items are remembered up to this number, while others have items. Each peer with items has a connection. */
const maxPeers = 1_000

/**
 * Gives each peer the same time (start-time fair queueing): the next item is the oldest of the peer that has spent the least.
 * A peer that sends many or expensive items delays its own. An item of another waits for the one in progress, and for one of
 * each peer that has not spent more than its own.
 */
export function createFairTurns<T>(): FairTurns<T> {
  const peers = new Map<string, Peer<T>>()
  let size = 0
  /** What the peer of the last turn had spent before it. Having waited longer earns no credit. */
  let base = 0

  const add = (name: string, item: T): Waiting => {
    // Nothing waited, so that no peer owes time to another.
    if (size === 0) peers.clear()
    if (peers.size >= maxPeers) forgetIdle(peers)
    const peer = peers.get(name) ?? { waiting: new Set(), spent: base }
    peers.set(name, peer)
    if (peer.waiting.size === 0) peer.spent = Math.max(peer.spent, base)
    const entry = { item }
    peer.waiting.add(entry)
    size += 1
    return {
      remove: () => {
        if (peer.waiting.delete(entry)) size -= 1
      },
    }
  }
  return {
    get size() {
      return size
    },
    add,
    take: () => {
      const peer = findNext(peers)
      const [entry] = peer?.waiting ?? []
      if (peer === undefined || entry === undefined) return undefined
      peer.waiting.delete(entry)
      size -= 1
      base = peer.spent
      return {
        item: entry.item,
        spend: (time) => {
          peer.spent += Math.max(0, time)
        },
      }
    },
  }
}

function findNext<T>(peers: ReadonlyMap<string, Peer<T>>): Peer<T> | undefined {
  let next: Peer<T> | undefined
  for (const peer of peers.values()) {
    if (peer.waiting.size > 0 && (next === undefined || peer.spent < next.spent)) next = peer
  }
  return next
}

function forgetIdle<T>(peers: Map<string, Peer<T>>): void {
  for (const [name, { waiting }] of peers) if (waiting.size === 0) peers.delete(name)
}
