import { createPrivateKey, hkdfSync } from 'node:crypto'

/** The keys with which the replicas prove injections to each other. */
export interface InjectionKeys {
  /** The key for new injections. Null while there is no serving certificate: then no driver is admitted either. */
  current(): Buffer | null
  /** The keys of proofs that count, the newest first. */
  all(): readonly Buffer[]
  /** Calls `changed` after each change of the keys. */
  whenChanged(changed: () => void): void
  /** Derives the key from the private key of the serving certificate, in PEM. */
  usePrivateKey(pem: string): void
}

const keyBytes = 32
/**
 * The keys before the current one still count: another replica may serve the certificate before or after this one does.
 * Failures to start count for a quarter of an hour only, so that older keys are of no use.
 */
const maxKeys = 3

/**
 * Every replica has the private key of the serving certificate, whatever the source of the certificate is, and no tenant has
 * it. So the replicas share a secret without another object and without another permission.
 */
export function createInjectionKeys(): InjectionKeys {
  let keys: readonly Buffer[] = []
  const listeners: (() => void)[] = []
  return {
    current: () => keys[0] ?? null,
    all: () => keys,
    whenChanged: (changed) => void listeners.push(changed),
    usePrivateKey: (pem) => {
      const key = deriveKey(pem)
      if (keys[0]?.equals(key)) return
      keys = [key, ...keys.filter((known) => !known.equals(key))].slice(0, maxKeys)
      for (const changed of listeners) changed()
    },
  }
}

/** The encoding does not matter: replicas may have read the same key in different forms. */
function deriveKey(pem: string): Buffer {
  const encoded = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  return Buffer.from(hkdfSync('sha256', encoded, Buffer.alloc(0), 'spark-nanny.io/injection-proof', keyBytes))
}
