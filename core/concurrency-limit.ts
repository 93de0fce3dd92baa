/** So many at a time; who comes later waits, in the order of coming. */
export interface Turns {
  /** Resolves to what `work` does, or rejects as it does, once it was its turn. */
  take<T>(work: () => Promise<T>): Promise<T>
}

export function turns(maxAtOnce: number): Turns {
  let underWay = 0
  const waiting: (() => void)[] = []
  return {
    take: async (work) => {
      if (underWay < maxAtOnce) underWay += 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) underWay -= 1
        else next()
      }
    },
  }
}
