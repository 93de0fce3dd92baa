import type { KeyPair } from './issue-certificates.ts'

/** Issues certificates. Blocks the event loop only while node-forge is loaded, once. */
export interface Issuer {
  createAuthority(fromMs: number, validMs: number): Promise<KeyPair>
  issueLeaf(
    authority: KeyPair,
    hosts: readonly [string, ...string[]],
    fromMs: number,
    validMs: number,
  ): Promise<KeyPair>
}

const dayMs = 86_400_000

/** Issues with node-forge, which is loaded only when a certificate must be issued: it takes 9 MB of resident memory. */
export function createForgeIssuer(): Issuer {
  return {
    createAuthority: async (fromMs, validMs) => {
      const { createAuthority, generateKeysInBackground } = await import('./issue-certificates.ts')
      return createAuthority(new Date(fromMs), validMs / dayMs, await generateKeysInBackground())
    },
    issueLeaf: async (authority, hosts, fromMs, validMs) => {
      const { generateKeysInBackground, issueServingCertificate } = await import('./issue-certificates.ts')
      return issueServingCertificate(
        authority,
        hosts,
        new Date(fromMs),
        validMs / dayMs,
        await generateKeysInBackground(),
      )
    },
  }
}
