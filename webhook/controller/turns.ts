/** Lets so many do something at a time; the others wait in the order in which they came. */
export interface Turns {
  /** Runs it when its turn comes. */
  take<T>(run: () => Promise<T>): Promise<T>
}

export function turns(count: number): Turns {
  let taken = 0
  const waiting: (() => void)[] = []
  const done = () => {
    const next = waiting.shift()
    if (next === undefined) taken -= 1
    else next()
  }
  return {
    take: async (run) => {
      if (taken < count) taken += 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return run().finally(done)
    },
  }
}
