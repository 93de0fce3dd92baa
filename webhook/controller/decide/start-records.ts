import type { Driver } from '../driver/driver.ts'

/** Whether the sidecar of one pod started, and when that was known, by the wall clock. */
export interface StartResult {
  readonly started: boolean
  readonly atMs: number
}

/** How the sidecars that this installation injected have started, by namespace. No namespace takes memory from another. */
export interface StartRecords {
  /** Whether the proof of this driver was seen before. */
  isKnown(driver: Driver): boolean
  /** Whether the proof of this driver is its own: a proof that was copied belongs to the pod that was seen first. */
  claim(driver: Driver): boolean
  record(namespace: string, uid: string, result: StartResult): void
  failures(): Iterable<{ readonly namespace: string; readonly uid: string; readonly atMs: number }>
  /** When a sidecar last started in the namespace, or in any. A sidecar that was restarted has not started again. */
  lastStartMs(namespace?: string): number
}

const maxPerNamespace = 200
const maxNamespaces = 5_000

interface NamespaceRecord {
  /** The uids of the pods, by the nonces of their proofs. */
  readonly owners: Map<string, string>
  /** By the uid of the pod. */
  readonly results: Map<string, StartResult>
  /** The failures among the results, by the uid of the pod: most namespaces have none, and each admission counts them. */
  readonly failures: Map<string, number>
  lastStartMs: number
}

export function createStartRecords(): StartRecords {
  const byNamespace = new Map<string, NamespaceRecord>()
  let lastStartMs = Number.NEGATIVE_INFINITY

  const get = (namespace: string): NamespaceRecord => {
    const known = byNamespace.get(namespace)
    if (known !== undefined) return known
    const lastStartMs = Number.NEGATIVE_INFINITY
    const created = { owners: new Map(), results: new Map(), failures: new Map(), lastStartMs }
    setBounded(byNamespace, namespace, created, maxNamespaces)
    return created
  }
  const findOwner = ({ namespace, sidecar }: Driver) =>
    byNamespace.get(namespace)?.owners.get(sidecar?.proof?.nonce ?? '')

  return {
    isKnown: (driver) => findOwner(driver) !== undefined,
    claim: (driver) => {
      const { namespace, uid, sidecar } = driver
      if (sidecar === null || sidecar.proof === null) return false
      const owner = findOwner(driver)
      if (owner === undefined) setBounded(get(namespace).owners, sidecar.proof.nonce, uid, maxPerNamespace)
      return owner === undefined || owner === uid
    },
    record: (namespace, uid, result) => {
      const known = get(namespace)
      // A restarted sidecar is not a new result for its image.
      if (known.results.get(uid)?.started === result.started) return
      setBounded(known.results, uid, result, maxPerNamespace)
      if (!result.started) return setBounded(known.failures, uid, result.atMs, maxPerNamespace)
      known.failures.delete(uid)
      known.lastStartMs = Math.max(known.lastStartMs, result.atMs)
      lastStartMs = Math.max(lastStartMs, result.atMs)
    },
    *failures() {
      for (const [namespace, { failures }] of byNamespace) {
        for (const [uid, atMs] of failures) yield { namespace, uid, atMs }
      }
    },
    lastStartMs: (namespace) =>
      namespace === undefined ? lastStartMs : (byNamespace.get(namespace)?.lastStartMs ?? Number.NEGATIVE_INFINITY),
  }
}

/** Removes the oldest entry if there are more than `max`. */
function setBounded<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > max && oldest !== undefined) map.delete(oldest)
}
