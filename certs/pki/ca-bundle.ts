import { X509Certificate } from 'node:crypto'

/** The certificate of a certificate authority. */
export interface Authority {
  /** SHA-256. Identifies the certificate. */
  readonly fingerprint: string
  readonly certificatePem: string
  readonly startsMs: number
  readonly expiresMs: number
}

/** A list of PEM certificates. `garbage` is true if the text contains anything that is not a CA certificate. */
export interface AuthorityList {
  readonly authorities: readonly Authority[]
  readonly garbage: boolean
}

const pemBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** Parses each authority once, in the order of the text. */
export function parseAuthorities(pem: string): AuthorityList {
  const blocks = pem.match(pemBlock) ?? []
  const parsed = blocks.map(parseAuthority)
  const authorities = parsed.filter((authority) => authority !== undefined)
  const unique = [...new Map(authorities.map((authority) => [authority.fingerprint, authority])).values()]
  const rest = pem.replace(pemBlock, '').trim()
  return { authorities: unique, garbage: rest !== '' || authorities.length < blocks.length }
}

function parseAuthority(pem: string): Authority | undefined {
  try {
    const certificate = new X509Certificate(pem)
    if (!certificate.ca) return undefined
    return {
      fingerprint: certificate.fingerprint256,
      certificatePem: `${pem.replaceAll('\r', '')}\n`,
      startsMs: Date.parse(certificate.validFrom),
      expiresMs: Date.parse(certificate.validTo),
    }
  } catch {
    return undefined
  }
}

/** Formats the text that {@link parseAuthorities} reads. */
export const formatAuthorities = (authorities: readonly Authority[]): string =>
  authorities.map(({ certificatePem }) => certificatePem).join('')

export const includesAuthority = (authorities: readonly Authority[], fingerprint: string): boolean =>
  authorities.some((authority) => authority.fingerprint === fingerprint)
