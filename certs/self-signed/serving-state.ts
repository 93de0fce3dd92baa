import type { Bundle, FoundBundle, Leaf } from '../pki/secret-contents.ts'
import { parseCertificate, type ServingCertificate } from '../pki/serving-certificate.ts'
import { type CertificateEdges, certificateTrouble } from '../source.ts'
import { type AdoptionCase, isAdopted } from '../trust/served-trust-check.ts'
import { trustedByAll } from '../trust/trust.ts'
import type { Serving } from './rotation.ts'

/** What this replica serves. */
export interface Served {
  /** Serves what the Secret holds where that is safe, {@link isAdopted}. */
  adopt(found: FoundBundle, seen: Pick<AdoptionCase, 'trust' | 'proof' | 'clocks' | 'elapsedMs'>): void
  current(): Serving | null
  /** What keeps the process from being ready at a time, by name. */
  trouble(nowMs: number): readonly string[]
}

export function createServed(holdMs: number, edges: Pick<CertificateEdges, 'serve' | 'metrics' | 'log'>): Served {
  let serving: Serving | null = null
  let certificate: ServingCertificate | null = null
  /** Stays true: a configuration that is gone later must not take a process away that may be needed again. */
  let trustedOnce = false

  const serve = (leaf: Leaf, bundle: Bundle) => {
    const loaded = parseCertificate(leaf.certificatePem, leaf.privateKeyPem)
    if (loaded.kind === 'unusable') return
    serving = { leaf, issuerKeyPem: keyOf(leaf, bundle) }
    certificate = loaded.certificate
    edges.serve(certificate)
    edges.metrics.certificateExpiry(leaf.expiresMs)
    edges.metrics.authorityExpiry(leaf.issuer.expiresMs)
    const expires = new Date(leaf.expiresMs).toISOString()
    edges.log.info({ event: 'certificate-loaded', expires, fingerprint: leaf.fingerprint })
  }

  return {
    adopt: (found, seen) => {
      if (found.kind === 'bundle' && found.bundle.leaf.kind === 'usable') {
        const { leaf } = found.bundle
        if (isAdopted({ ...seen, found: leaf, current: serving?.leaf ?? null, holdMs })) serve(leaf, found.bundle)
      }
      trustedOnce ||= serving !== null && trustedByAll(seen.trust, serving.leaf.issuer.fingerprint)
    },
    current: () => serving,
    trouble: (nowMs) => [
      ...certificateTrouble(certificate, nowMs),
      ...(trustedOnce || certificate === null ? [] : ['ca-bundle']),
    ],
  }
}

/** The issuer's, as long as the bundle has it. */
function keyOf({ issuer }: Leaf, { authorities, newestKeyPem, old }: Bundle): string | null {
  if (issuer.fingerprint === authorities[0].fingerprint) return newestKeyPem
  return old?.authority.fingerprint === issuer.fingerprint ? old.keyPem : null
}
