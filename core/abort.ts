/** Resolves when `signal` is aborted. */
export const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Keeps `item` in `set` until `signal` is aborted. Adds nothing if it is aborted already. */
export function addUntilAborted<T>(set: Set<T>, item: T, signal: AbortSignal): void {
  if (signal.aborted) return
  set.add(item)
  signal.addEventListener('abort', () => set.delete(item), { once: true })
}
