import {
  createAuthority,
  generateKeys,
  issueServingCertificate,
  type RsaKeys,
} from '../../certs/pki/issue-certificates.ts'
import type { Issuer } from '../../certs/pki/issuer.ts'

const dayMs = 86_400_000

/** Real certificates with keys used again: to make one takes a tenth of a second. Authorities and leaves never share one. */
export function createQuickIssuer(size = 6): Issuer & { readonly issued: { authorities: number; leaves: number } } {
  const authorityKeys = Array.from({ length: size }, generateKeys)
  const leafKeys = Array.from({ length: size }, generateKeys)
  const issued = { authorities: 0, leaves: 0 }
  const pick = (keys: readonly RsaKeys[], index: number) => keys[index % keys.length]
  return {
    issued,
    createAuthority: async (fromMs, validMs) => {
      const keys = pick(authorityKeys, issued.authorities++)
      return createAuthority(new Date(fromMs), validMs / dayMs, keys)
    },
    issueLeaf: async (authority, hosts, fromMs, validMs) =>
      issueServingCertificate(authority, hosts, new Date(fromMs), validMs / dayMs, pick(leafKeys, issued.leaves++)),
  }
}
