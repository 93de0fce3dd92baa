import { describe } from 'node:test'
import { createAuthority, issueServingCertificate } from '../../../../../certs/pki/issue-certificates.ts'
import { readable } from '../../../../../cli/cluster/reading.ts'
import { nowMs } from '../fake-cluster.ts'
import { healthyEvidence, leaf, unread, withDeployment, withInstallation, withWebhooks } from '../healthy-evidence.ts'
import { authority, issueLeafDaysAgo } from '../installed.ts'
import { testCategory } from './table.ts'

const dayMs = 86_400_000
const withLeaf = (certificatePem: string) =>
  withInstallation({ certificate: readable({ secret: 's', certificatePem }) })
const afterDays = (days: number) => ({ ...healthyEvidence, nowMs: nowMs + days * dayMs })
const foreignAuthority = await createAuthority(new Date(nowMs), 365)
const leafForOtherName = await issueServingCertificate(authority, ['elsewhere.svc'], new Date(nowMs), 90)
const expiredLeaf = await issueLeafDaysAgo(91)
const noConfiguration = { ...healthyEvidence, configurations: readable([]) }

describe('certificate checks', () => {
  testCategory('certificates', {
    'certificate-exists': [
      [
        'the Secret does not exist',
        withInstallation({ certificate: readable(null) }),
        'error',
        /there is no Secret spark-nanny\//,
      ],
      ['the Secret has no certificate', withLeaf(''), 'error', /has no tls\.crt/],
      [
        'the Secret contains invalid PEM',
        withLeaf('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
        'error',
        /does not contain a certificate/,
      ],
      ['the Deployment names no Secret', withDeployment({ secret: null }), 'unknown'],
      ['the Secret cannot be read', withInstallation({ certificate: unread }), 'unknown'],
    ],
    'certificate-valid': [
      ['the certificate has expired', withLeaf(expiredLeaf.certificatePem), 'error', /expired on 2026-11-23/],
      ['the certificate is not valid yet', afterDays(-20), 'error', /not valid before/],
      ['the renewal is overdue', afterDays(80), 'warning', /9 days left/],
      ['the Secret cannot be read', withInstallation({ certificate: unread }), 'unknown'],
      ['the Secret does not exist', withInstallation({ certificate: readable(null) }), 'not-applicable'],
    ],
    'certificate-names': [
      [
        'the certificate is for another name',
        withLeaf(leafForOtherName.certificatePem),
        'error',
        /DNS:elsewhere\.svc, not for spark-nanny-webhook/,
      ],
      ['the webhook is called by URL', withWebhooks({ service: null }), 'not-applicable'],
      ['the Secret cannot be read', withInstallation({ certificate: unread }), 'unknown'],
    ],
    'ca-bundle-set': [
      [
        'caBundle is empty',
        withWebhooks({ caBundlePem: '' }),
        'error',
        /pods\.spark-nanny\.io, services\.spark-nanny\.io/,
      ],
      ['caBundle contains no certificate', withWebhooks({ caBundlePem: 'Cg==' }), 'error', /no certificate/],
      ['the webhook configuration does not exist', noConfiguration, 'not-applicable'],
    ],
    'ca-valid': [
      ['the CA certificate has expired', afterDays(400), 'error', /expired on/],
      ['the renewal is overdue', afterDays(300), 'warning', /55 days left/],
      ['caBundle is empty', withWebhooks({ caBundlePem: '' }), 'not-applicable'],
    ],
    'ca-bundle-matches': [
      [
        'caBundle contains only a foreign CA',
        withWebhooks({ caBundlePem: foreignAuthority.certificatePem }),
        'error',
        /pods\.spark-nanny\.io/,
      ],
      [
        'caBundle contains both CAs during a rotation',
        withWebhooks({ caBundlePem: foreignAuthority.certificatePem + authority.certificatePem }),
        'ok',
      ],
      ['caBundle contains the serving certificate itself', withWebhooks({ caBundlePem: leaf.certificatePem }), 'ok'],
      ['the Secret cannot be read', withInstallation({ certificate: unread }), 'unknown'],
    ],
  })
})
