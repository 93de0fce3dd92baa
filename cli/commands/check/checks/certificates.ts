import { X509Certificate } from 'node:crypto'
import type { CheckEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { type Category, type CheckResult, failure, formatList, notApplicable, ok, unknown, warning } from '../result.ts'
import { perConfiguration } from './own-configuration.ts'
import { perInstallation } from './per-installation.ts'

const dayMs = 86_400_000
/** Renewal is due at two thirds of a life; when this much is left it is overdue. */
const overdueShare = 1 / 5

export const certificates: Category<CheckEvidence> = {
  name: 'certificates',
  checks: [
    {
      id: 'certificate-there',
      title: 'the serving certificate is there',
      hint: 'Without one no handshake is answered, and no driver is injected. Self-signed: the webhook writes the Secret, see its log. cert-manager: `kubectl describe certificate`. Your own Secret: it needs tls.crt and tls.key.',
      judge: perInstallation(({ certificate, deployment: { namespace, secret } }) =>
        judgeReading(certificate, (known) => {
          if (secret === null) return unknown('the Deployment does not say which Secret holds it')
          if (known === null) return failure(`there is no Secret ${namespace}/${secret}`)
          if (known.certificatePem.trim() === '') return failure(`Secret ${namespace}/${secret} has no tls.crt`)
          return parseAll(known.certificatePem).length > 0
            ? ok(`Secret ${namespace}/${secret}`)
            : failure(`tls.crt of Secret ${namespace}/${secret} is no certificate`)
        }),
      ),
    },
    {
      id: 'certificate-valid',
      title: 'the serving certificate is valid and renewed in time',
      hint: 'A certificate that has ended is refused by the API server: no driver is injected. Self-signed ones are renewed at two thirds of their life; delete the Secret to have one made at once. With cert-manager see `kubectl describe certificate`; a Secret of your own is yours to renew.',
      judge: ofLeaf((leaf, { nowMs }) => lifeResult(leaf, nowMs)),
    },
    {
      id: 'certificate-names',
      title: 'the serving certificate is for the webhook’s Service',
      hint: 'The API server calls the Service by NAME.NAMESPACE.svc, and the certificate must hold that as a DNS name.',
      judge: ofLeaf((leaf, evidence) =>
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
            : failure(`it is for ${leaf.subjectAltName ?? 'no name'}, not for ${others.join(', ')}`)
        })(evidence),
      ),
    },
    {
      id: 'ca-bundle-filled',
      title: 'the webhook configuration has a caBundle',
      hint: 'The webhook writes it when it starts (needs `patch` on its own configuration); with cert-manager the cainjector does. A GitOps tool that empties it must ignore the field.',
      judge: perConfiguration(({ webhooks }) => {
        const empty = webhooks.filter(({ caBundlePem }) => caBundlePem.trim() === '')
        if (empty.length > 0) return failure(`there is none for ${formatList(empty.map(({ name }) => name))}`)
        const garbled = webhooks.filter(({ caBundlePem }) => parseAll(caBundlePem).length === 0)
        return garbled.length === 0
          ? ok()
          : failure(`no certificate is in that of ${formatList(garbled.map(({ name }) => name))}`)
      }),
    },
    {
      id: 'ca-valid',
      title: 'the certificate authority is valid and renewed in time',
      hint: 'A self-signed authority is renewed at two thirds of its life, in two phases; see the log of the webhook. cert-manager: see its Certificate of the CA.',
      judge: perConfiguration(({ webhooks }, { nowMs }) => {
        const all = webhooks.flatMap(({ caBundlePem }) => parseAll(caBundlePem))
        const [newest] = all.toSorted((a, b) => b.validToDate.getTime() - a.validToDate.getTime())
        return newest === undefined ? notApplicable : lifeResult(newest, nowMs)
      }),
    },
    {
      id: 'ca-bundle-signs',
      title: 'the caBundle verifies the serving certificate',
      hint: 'The API server trusts what stands in the caBundle and nothing else. Restart the webhook (`kubectl rollout restart`) to have it written again; with a Secret of your own, ca.crt must be the authority of tls.crt.',
      judge: ofLeaf((leaf, evidence) =>
        perConfiguration(({ webhooks }) => {
          const filled = webhooks.filter(({ caBundlePem }) => caBundlePem.trim() !== '')
          const failing = filled.filter(
            ({ caBundlePem }) => !parseAll(caBundlePem).some((authority) => signs(authority, leaf)),
          )
          if (filled.length === 0) return notApplicable
          return failing.length === 0
            ? ok()
            : failure(`that of ${formatList(failing.map(({ name }) => name))} does not`)
        })(evidence),
      ),
    },
  ],
}

/** `48 days left`; whole days, downwards. */
function lifeResult(certificate: X509Certificate, nowMs: number): CheckResult {
  const [fromMs, toMs] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()]
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  if (toMs <= nowMs) return failure(`it ended on ${day(toMs)}`)
  if (fromMs > nowMs) return failure(`it begins on ${day(fromMs)}: is your clock, or the cluster’s, wrong?`)
  const days = Math.floor((toMs - nowMs) / dayMs)
  const left = `${days === 1 ? '1 day' : `${days} days`} left, until ${day(toMs)}`
  return (toMs - nowMs) / (toMs - fromMs) < overdueShare ? warning(`${left}: renewal is overdue`) : ok(left)
}

function signs(authority: X509Certificate, leaf: X509Certificate): boolean {
  if (authority.fingerprint256 === leaf.fingerprint256) return true
  return leaf.checkIssued(authority) && leaf.verify(authority.publicKey)
}

/** The certificates of a PEM text; what is none is passed over. */
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

/** Of the serving certificate; that there is none is said by `certificate-there`. */
function ofLeaf(judge: (leaf: X509Certificate, evidence: CheckEvidence) => CheckResult) {
  return perInstallation(({ certificate }, evidence) =>
    judgeReading(certificate, (known) => {
      const [leaf] = known === null ? [] : parseAll(known.certificatePem)
      return leaf === undefined ? notApplicable : judge(leaf, evidence)
    }),
  )
}
