import pLimit, { type LimitFunction } from 'p-limit'

/** Limits how many requests to pods run at the same time, so that their responses take a bounded part of the memory. */
export interface RequestLimit {
  /** Calls `send` when it is the turn of this namespace. */
  run<T>(namespace: string, send: () => Promise<T>): Promise<T>
}

/** With at most 256 KiB for each response, all of them take at most 16 MiB. */
const maxConcurrent = 64
/** A namespace whose pods answer slowly must not delay the requests to the pods of other namespaces. */
const maxConcurrentPerNamespace = 16

interface NamespaceLimit {
  readonly limit: LimitFunction
  /** The requests that run or wait. */
  requests: number
}

export function createRequestLimit(limits = { maxConcurrent, maxConcurrentPerNamespace }): RequestLimit {
  const all = pLimit(limits.maxConcurrent)
  /** Only the namespaces with a request that runs or waits. */
  const namespaces = new Map<string, NamespaceLimit>()
  return {
    run: async (namespace, send) => {
      const own = namespaces.get(namespace) ?? { limit: pLimit(limits.maxConcurrentPerNamespace), requests: 0 }
      namespaces.set(namespace, own)
      own.requests += 1
      try {
        return await own.limit(() => all(send))
      } finally {
        own.requests -= 1
        if (own.requests === 0) namespaces.delete(namespace)
      }
    },
  }
}
