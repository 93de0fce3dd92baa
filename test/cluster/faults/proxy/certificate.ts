import { createAuthority, issueServingCertificate } from '../../../../certs/pki/issue-certificates.ts'

let made: { readonly ca: string; readonly cert: string; readonly key: string } | undefined
/** One certificate for all proxies, because generating keys is slow. */
export function certificate() {
  if (made !== undefined) return made
  const authority = createAuthority(new Date(), 2)
  const serving = issueServingCertificate(authority, ['127.0.0.1'], new Date(), 2)
  made = { ca: authority.certificatePem, cert: serving.certificatePem, key: serving.privateKeyPem }
  return made
}
