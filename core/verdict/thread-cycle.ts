import type { DriverThread } from './witnesses.ts'

/** Threads that wait for each other's locks, and those that wait for one of them. They wait until the JVM ends. */
export interface Cycle {
  /** The ids of the threads in the cycle, in ascending order: equal in two dumps if the cycle is the same. */
  readonly signature: string
  /** The names of the threads in the cycle, and of those that wait for it. */
  readonly names: readonly string[]
  readonly waiting: readonly string[]
}

/** The cycles of a dump, which has at most some hundred threads. */
export function findCycles(threads: readonly DriverThread[]): readonly Cycle[] {
  const byId = new Map(threads.map((thread) => [thread.id, thread]))
  const followed = threads.map((thread) => ({ thread, cycle: findCycle(thread, byId) }))
  const bySignature = Map.groupBy(
    // A thread cannot wait for itself: locks with an owner are reentrant.
    followed.filter(({ cycle }) => cycle.length > 1),
    ({ cycle }) => cycle.map(({ id }) => id).join(' '),
  )
  return [...bySignature].map(([signature, group]) => {
    const cycle = group[0]?.cycle ?? []
    const members = new Set(cycle)
    const waiting = group.filter(({ thread }) => !members.has(thread))
    return { signature, names: cycle.map(({ name }) => name), waiting: waiting.map(({ thread }) => thread.name) }
  })
}

/** The cycle to which the locks of `start` lead, in the order of ids. Empty if they lead to none. */
function findCycle(start: DriverThread, byId: ReadonlyMap<number, DriverThread>): readonly DriverThread[] {
  // A set keeps the order in which the threads were added.
  const path = new Set<DriverThread>()
  let thread: DriverThread | undefined = start
  while (thread !== undefined && !path.has(thread)) {
    path.add(thread)
    thread = findOwner(thread, byId)
  }
  if (thread === undefined) return []
  const list = [...path]
  return list.slice(list.indexOf(thread)).toSorted((a, b) => a.id - b.id)
}

/** A thread that waits with a timeout, as in `tryLock`, ends a cycle by itself. */
function findOwner({ blockedBy, state }: DriverThread, byId: ReadonlyMap<number, DriverThread>) {
  return blockedBy === null || state === 'TIMED_WAITING' ? undefined : byId.get(blockedBy)
}
