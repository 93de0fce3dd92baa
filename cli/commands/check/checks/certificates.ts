import { X509Certificate } from 'node:crypto'
import type { CheckEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { type Category, type CheckResult, failure, formatList, notApplicable, ok, unknown, warning } from '../result.ts'
import { perConfiguration } from './own-configuration.ts'
import { perInstallation } from './per-installation.ts'

const dayMs = 86_400_000
/** Certificates are renewed after two thirds of their validity. If less than this share is left, the renewal is overdue. */
const overdueShare = 1 / 5

export const certificates: Category<CheckEvidence> = {
  name: 'certificates',
  checks: [
    {
      id: 'certificate-exists',
      title: 'the serving certificate exists',
      hint: 'Without a certificate every TLS handshake fails and no driver is injected. Self-signed: the webhook creates the Secret; check its log. cert-manager: run `kubectl describe certificate`. Existing Secret: it must contain tls.crt and tls.key.',
      judge: perInstallation(({ certificate, deployment: { namespace, secret } }) =>
        judgeReading(certificate, (known) => {
          if (secret === null) return unknown('the Deployment does not name the Secret that holds the certificate')
          if (known === null) return failure(`there is no Secret ${namespace}/${secret}`)
          if (known.certificatePem.trim() === '') return failure(`Secret ${namespace}/${secret} has no tls.crt`)
          return parseAll(known.certificatePem).length > 0
            ? ok(`Secret ${namespace}/${secret}`)
            : failure(`tls.crt of Secret ${namespace}/${secret} does not contain a certificate`)
        }),
      ),
    },
    {
      id: 'certificate-valid',
      title: 'the serving certificate is valid',
      hint: 'The API server rejects an expired certificate, so no driver is injected. Self-signed: the webhook renews the certificate after two thirds of its validity; delete the Secret to create a new one immediately. cert-manager: run `kubectl describe certificate`. Existing Secret: renew its certificate yourself.',
      judge: forLeaf((leaf, { nowMs }) => lifeResult(leaf, nowMs)),
    },
    {
      id: 'certificate-names',
      title: 'the serving certificate names the webhook’s Service',
      hint: 'The API server calls the Service as NAME.NAMESPACE.svc. The certificate must contain that DNS name.',
      judge: forLeaf((leaf, evidence) =>
        perConfiguration(({ webhooks }) => {
          const hosts = [
            ...new Set(
              webhooks.flatMap(({ service }) => (service ? [`${service.name}.${service.namespace}.svc`] : [])),
            ),
          ]
          if (hosts.length === 0) return notApplicable
          const others = hosts.filter((host) => leaf.checkHost(host) === undefined)
          return others.length === 0
            ? ok(hosts.join(', '))
            : failure(`the certificate is for ${leaf.subjectAltName ?? 'no name'}, not for ${others.join(', ')}`)
        })(evidence),
      ),
    },
    {
      id: 'ca-bundle-set',
      title: 'the caBundle of the webhook configuration is set',
      hint: 'The webhook writes caBundle when it starts, for which it needs `patch` on its configuration. With cert-manager, the cainjector writes it. If a GitOps tool resets the field, configure the tool to ignore it.',
      judge: perConfiguration(({ webhooks }) => {
        const empty = webhooks.filter(({ caBundlePem }) => caBundlePem.trim() === '')
        if (empty.length > 0) return failure(`caBundle is empty for ${formatList(empty.map(({ name }) => name))}`)
        const garbled = webhooks.filter(({ caBundlePem }) => parseAll(caBundlePem).length === 0)
        return garbled.length === 0
          ? ok()
          : failure(`there is no certificate in the caBundle of ${formatList(garbled.map(({ name }) => name))}`)
      }),
    },
    {
      id: 'ca-valid',
      title: 'the certificate authority is valid',
      hint: 'Self-signed: the webhook renews the authority after two thirds of its validity, in two phases; check its log. cert-manager: check the Certificate resource of the CA.',
      judge: perConfiguration(({ webhooks }, { nowMs }) => {
        const all = webhooks.flatMap(({ caBundlePem }) => parseAll(caBundlePem))
        const [newest] = all.toSorted((a, b) => b.validToDate.getTime() - a.validToDate.getTime())
        return newest === undefined ? notApplicable : lifeResult(newest, nowMs)
      }),
    },
    {
      id: 'ca-bundle-matches',
      title: 'the caBundle verifies the serving certificate',
      hint: 'The API server trusts only the CA certificates in caBundle. Restart the webhook with `kubectl rollout restart`, so that it writes the field again. Existing Secret: ca.crt must be the authority that signed tls.crt.',
      judge: forLeaf((leaf, evidence) =>
        perConfiguration(({ webhooks }) => {
          const filled = webhooks.filter(({ caBundlePem }) => caBundlePem.trim() !== '')
          const failing = filled.filter(
            ({ caBundlePem }) => !parseAll(caBundlePem).some((authority) => signs(authority, leaf)),
          )
          if (filled.length === 0) return notApplicable
          return failing.length === 0
            ? ok()
            : failure(`the caBundle of ${formatList(failing.map(({ name }) => name))} does not verify it`)
        })(evidence),
      ),
    },
  ],
}

/** `48 days left`; whole days, rounded down. */
function lifeResult(certificate: X509Certificate, nowMs: number): CheckResult {
  const [fromMs, toMs] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()]
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  if (toMs <= nowMs) return failure(`it expired on ${day(toMs)}`)
  if (fromMs > nowMs) return failure(`it is not valid before ${day(fromMs)}; check your clock and the cluster’s`)
  const days = Math.floor((toMs - nowMs) / dayMs)
  const left = `${days === 1 ? '1 day' : `${days} days`} left, until ${day(toMs)}`
  return (toMs - nowMs) / (toMs - fromMs) < overdueShare ? warning(`${left}: renewal is overdue`) : ok(left)
}

function signs(authority: X509Certificate, leaf: X509Certificate): boolean {
  if (authority.fingerprint256 === leaf.fingerprint256) return true
  return leaf.checkIssued(authority) && leaf.verify(authority.publicKey)
}

/** The certificates of a PEM text. Blocks that cannot be parsed are skipped. */
function parseAll(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return []
    }
  })
}

/** Judges the serving certificate. If there is none, only `certificate-exists` reports that. */
function forLeaf(judge: (leaf: X509Certificate, evidence: CheckEvidence) => CheckResult) {
  return perInstallation(({ certificate }, evidence) =>
    judgeReading(certificate, (known) => {
      const [leaf] = known === null ? [] : parseAll(known.certificatePem)
      return leaf === undefined ? notApplicable : judge(leaf, evidence)
    }),
  )
}
