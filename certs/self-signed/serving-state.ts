import type { FoundContents, Leaf, SecretContents } from '../pki/secret-contents.ts'
import { parseServingCertificate, type ServingCertificate } from '../pki/serving-certificate.ts'
import { type CertificateDeps, findUnreadyReasons } from '../source.ts'
import { type ServingChange, shouldServe } from '../trust/served-trust-check.ts'
import { isTrustedByAll } from '../trust/trust.ts'
import type { Serving } from './rotation.ts'

/** The certificate that this replica serves. */
export interface ServingState {
  /** Serves the certificate in the Secret if that is safe, see {@link shouldServe}. */
  adopt(found: FoundContents, seen: Pick<ServingChange, 'trust' | 'evidence' | 'clocks' | 'elapsedMs'>): void
  current(): Serving | null
  /** Why the process is not ready at `nowMs`. */
  findUnreadyReasons(nowMs: number): readonly string[]
}

export function createServingState(
  holdMs: number,
  deps: Pick<CertificateDeps, 'serve' | 'metrics' | 'log'>,
): ServingState {
  let serving: Serving | null = null
  let certificate: ServingCertificate | null = null
  /** Stays true: a configuration that is deleted later must not make the process unready, because it may come back. */
  let trustedOnce = false

  const serve = (leaf: Leaf, contents: SecretContents) => {
    const loaded = parseServingCertificate(leaf.certificatePem, leaf.privateKeyPem)
    if (loaded.kind === 'unusable') return
    serving = { leaf, issuerKeyPem: findIssuerKey(leaf, contents) }
    certificate = loaded.certificate
    deps.serve(certificate)
    deps.metrics.setCertificateExpiry(leaf.expiresMs)
    deps.metrics.setAuthorityExpiry(leaf.issuer.expiresMs)
    const expires = new Date(leaf.expiresMs).toISOString()
    deps.log.info({ event: 'certificate-loaded', expires, fingerprint: leaf.fingerprint })
  }

  return {
    adopt: (found, seen) => {
      if (found.kind === 'usable' && found.contents.leaf.kind === 'usable') {
        const { leaf } = found.contents
        if (shouldServe({ ...seen, found: leaf, current: serving?.leaf ?? null, holdMs })) serve(leaf, found.contents)
      }
      trustedOnce ||= serving !== null && isTrustedByAll(seen.trust, serving.leaf.issuer.fingerprint)
    },
    current: () => serving,
    findUnreadyReasons: (nowMs) => [
      ...findUnreadyReasons(certificate, nowMs),
      ...(trustedOnce || certificate === null ? [] : ['ca-bundle']),
    ],
  }
}

/** The key of the issuer, if the Secret still contains it. */
function findIssuerKey({ issuer }: Leaf, { authorities, newestKeyPem, old }: SecretContents): string | null {
  if (issuer.fingerprint === authorities[0].fingerprint) return newestKeyPem
  return old?.authority.fingerprint === issuer.fingerprint ? old.keyPem : null
}
