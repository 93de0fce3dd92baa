import { describe } from 'node:test'
import { createAuthority, issueServingCertificate } from '../../../../../certs/pki/issue-certificates.ts'
import { readable } from '../../../../../cli/cluster/reading.ts'
import { nowMs } from '../fake-cluster.ts'
import { healthyEvidence, leaf, unread, withDeployment, withInstallation, withWebhooks } from '../healthy-evidence.ts'
import { authority, leafMadeDaysAgo } from '../installed.ts'
import { testCategory } from './table.ts'

const dayMs = 86_400_000
const withLeaf = (certificatePem: string) =>
  withInstallation({ certificate: readable({ secret: 's', certificatePem }) })
const later = (days: number) => ({ ...healthyEvidence, nowMs: nowMs + days * dayMs })
const stranger = await createAuthority(new Date(nowMs), 365)
const otherName = await issueServingCertificate(authority, ['elsewhere.svc'], new Date(nowMs), 90)
const expiredLeaf = await leafMadeDaysAgo(91)
const none = { ...healthyEvidence, configurations: readable([]) }

describe('certificate checks', () => {
  testCategory('certificates', {
    'certificate-exists': [
      ['no Secret', withInstallation({ certificate: readable(null) }), 'error', /there is no Secret spark-nanny\//],
      ['no data', withLeaf(''), 'error', /has no tls\.crt/],
      [
        'garbage',
        withLeaf('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
        'error',
        /does not contain a certificate/,
      ],
      ['not said', withDeployment({ secret: null }), 'unknown'],
      ['unread', withInstallation({ certificate: unread }), 'unknown'],
    ],
    'certificate-valid': [
      ['ended', withLeaf(expiredLeaf.certificatePem), 'error', /expired on 2026-11-23/],
      ['not begun', later(-20), 'error', /not valid before/],
      ['renewal overdue', later(80), 'warning', /9 days left/],
      ['unread', withInstallation({ certificate: unread }), 'unknown'],
      ['absent', withInstallation({ certificate: readable(null) }), 'not-applicable'],
    ],
    'certificate-names': [
      ['another name', withLeaf(otherName.certificatePem), 'error', /DNS:elsewhere\.svc, not for spark-nanny-webhook/],
      ['called by URL', withWebhooks({ service: null }), 'not-applicable'],
      ['unread', withInstallation({ certificate: unread }), 'unknown'],
    ],
    'ca-bundle-set': [
      ['empty', withWebhooks({ caBundlePem: '' }), 'error', /pods\.spark-nanny\.io, services\.spark-nanny\.io/],
      ['garbage', withWebhooks({ caBundlePem: 'Cg==' }), 'error', /no certificate/],
      ['no configuration', none, 'not-applicable'],
    ],
    'ca-valid': [
      ['ended', later(400), 'error', /expired on/],
      ['renewal overdue', later(300), 'warning', /55 days left/],
      ['empty', withWebhooks({ caBundlePem: '' }), 'not-applicable'],
    ],
    'ca-bundle-matches': [
      ['a stranger', withWebhooks({ caBundlePem: stranger.certificatePem }), 'error', /pods\.spark-nanny\.io/],
      ['both, in a rotation', withWebhooks({ caBundlePem: stranger.certificatePem + authority.certificatePem }), 'ok'],
      ['the leaf itself', withWebhooks({ caBundlePem: leaf.certificatePem }), 'ok'],
      ['unread', withInstallation({ certificate: unread }), 'unknown'],
    ],
  })
})
