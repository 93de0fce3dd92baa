import { describe } from 'node:test'
import { readable, unreadable } from '../../../../../cli/cluster/reading.ts'
import type { AccountPolicy } from '../../../../../cli/commands/check/account-policy.ts'
import { nowMs } from '../fake-cluster.ts'
import {
  createCheckedDriver,
  createCheckedNamespace,
  healthyEvidence,
  healthyPolicy,
  unread,
  withDeployment,
  withDriver,
  withInstallation,
} from '../healthy-evidence.ts'
import { testCategory } from './table.ts'

const namespaces = (...all: readonly ReturnType<typeof createCheckedNamespace>[]) => ({
  ...healthyEvidence,
  namespaces: readable(all),
})
const withInjectLabel = (value: string) => namespaces(createCheckedNamespace('x', { 'spark-nanny.io/inject': value }))
const namespacesUnreadable = { ...healthyEvidence, namespaces: unread }
const driversUnreadable = { ...healthyEvidence, drivers: unread }
const minutesAgo = (minutes: number) => nowMs - minutes * 60_000
const sidecarStatus = (state: string) => readable({ state, sinceMs: null, detail: 'three polls failed; report' })
const withImagePullFailure = (hasRun: boolean) => withDriver({ sidecarWaiting: { why: 'ImagePullBackOff: x', hasRun } })
const withPolicies = (...policies: readonly AccountPolicy[]) => ({ ...healthyEvidence, policies: readable(policies) })
const denied = readable([
  { what: 'patch pods', allowed: false },
  { what: 'list nodes', allowed: true },
])

describe('namespace checks', () => {
  testCategory('namespaces', {
    'namespaces-labelled': [
      ['no namespace is labelled', namespaces(createCheckedNamespace('x')), 'warning', /no namespace has/],
      ['the label value is misspelt', withInjectLabel('Enabled'), 'warning'],
      ['the namespaces cannot be read', namespacesUnreadable, 'unknown'],
    ],
    'namespaces-label-spelling': [
      ...['true', 'Enabled', 'enable', 'yes'].map(
        (value) =>
          [
            `label value ${value}`,
            withInjectLabel(value),
            'warning',
            new RegExp(`x: spark-nanny.io/inject=${value}`),
          ] as const,
      ),
      ...['disabled', 'false'].map((value) => [`label value ${value}`, withInjectLabel(value), 'ok'] as const),
      [
        'another label key',
        namespaces(createCheckedNamespace('x', { 'spark-nanny.io/enabled': 'true' })),
        'warning',
        /io\/enabled=true/,
      ],
      [
        'the label key has a capital letter',
        namespaces(createCheckedNamespace('x', { 'spark-nanny.io/Inject': 'enabled' })),
        'warning',
      ],
      ['the namespaces cannot be read', namespacesUnreadable, 'unknown'],
    ],
    'namespaces-selected': [
      [
        'a labelled namespace is not selected',
        namespaces(createCheckedNamespace('kube-system', { 'spark-nanny.io/inject': 'enabled' })),
        'warning',
      ],
      ['no namespace is labelled', namespaces(), 'not-applicable'],
      ['the namespaces cannot be read', namespacesUnreadable, 'unknown'],
    ],
  })
})

describe('driver checks', () => {
  testCategory('drivers', {
    'drivers-injected': [
      [
        'a driver has no sidecar',
        withDriver({ injected: null }),
        'warning',
        /1 of 1 are unprotected: jobs\/etl-driver/,
      ],
      ['a driver opted out', withDriver({ injected: null, optedOut: true }), 'ok'],
      ['there is no driver', { ...healthyEvidence, drivers: readable([]) }, 'not-applicable'],
      ['the drivers cannot be read', driversUnreadable, 'unknown'],
    ],
    'drivers-up-to-date': [
      [
        'the sidecar of a driver is older',
        withDriver({ injected: '0.0.9' }),
        'warning',
        /jobs\/etl-driver \(0\.0\.9\)/,
      ],
      ['no driver is injected', withDriver({ injected: null }), 'not-applicable'],
      ['the Deployment has no version label', withDeployment({ labels: {} }), 'not-applicable'],
      ['the drivers cannot be read', driversUnreadable, 'unknown'],
    ],
    'drivers-sidecar-started': [
      [
        'a sidecar never started',
        withImagePullFailure(false),
        'error',
        /startup of 1 driver blocked: jobs\/etl-driver: ImagePullBackOff/,
      ],
      ['a sidecar has run and is waiting', withImagePullFailure(true), 'warning', /1 driver unprotected/],
      ['the drivers cannot be read', driversUnreadable, 'unknown'],
    ],
    'drivers-ready': [
      [
        'a driver is not Ready for 16m',
        withDriver({ notReadySinceMs: minutesAgo(16) }),
        'warning',
        /jobs\/etl-driver \(for 16m\)/,
      ],
      ['a driver is not Ready for 14m', withDriver({ notReadySinceMs: minutesAgo(14) }), 'ok'],
      ['a driver is Pending', withDriver({ phase: 'Pending', notReadySinceMs: minutesAgo(60) }), 'ok'],
      ['the drivers cannot be read', driversUnreadable, 'unknown'],
    ],
    'drivers-not-hung': [
      [
        'a driver is hung',
        withDriver({ status: sidecarStatus('hung') }),
        'error',
        /jobs\/etl-driver \(three polls failed; report\)/,
      ],
      ['a driver is starting', withDriver({ status: sidecarStatus('starting') }), 'ok'],
      [
        'the status of a driver cannot be read',
        withDriver({ status: unreadable('HTTP 503') }),
        'unknown',
        /jobs\/etl-driver: HTTP 503/,
      ],
      [
        'one driver is hung, and the status of another cannot be read',
        {
          ...healthyEvidence,
          drivers: readable([
            createCheckedDriver({ status: sidecarStatus('hung') }),
            createCheckedDriver({ status: unreadable('HTTP 503') }),
          ]),
        },
        'error',
      ],
      ['the drivers cannot be read', driversUnreadable, 'unknown'],
    ],
  })
})

describe('RBAC checks', () => {
  testCategory('rbac', {
    'service-account-access': [
      ['an access is denied', withInstallation({ access: denied }), 'error', /cannot patch pods$/],
      ['the access cannot be read', withInstallation({ access: unread }), 'unknown'],
    ],
    'admission-policies': [
      ['there is no policy', withPolicies(), 'warning', /pods, sparkapplications, mutatingwebhookconfigurations by/],
      ['no binding enforces it', withPolicies({ ...healthyPolicy, isEnforced: false }), 'warning', /pods, sparkapp/],
      [
        'it restricts another account',
        withPolicies({ ...healthyPolicy, conditions: ["request.userInfo.username == 'jane'"] }),
        'warning',
        /by system:serviceaccount:spark-nanny:spark-nanny$/,
      ],
      ['one resource is missing', withPolicies({ ...healthyPolicy, resources: ['pods'] }), 'warning', /of sparkapp/],
      ['the policies cannot be read', { ...healthyEvidence, policies: unread }, 'unknown'],
      ['the API has no policies', { ...healthyEvidence, policies: readable(null) }, 'not-applicable'],
    ],
  })
})

describe('version checks', () => {
  testCategory('versions', {
    'version-cli': [
      ['another version of the CLI', { ...healthyEvidence, cliVersion: '9.9.9' }, 'warning', /this command is 9\.9\.9/],
      [
        'the version label starts with v',
        { ...withDeployment({ labels: { 'app.kubernetes.io/version': 'v9.9.9' } }), cliVersion: '9.9.9' },
        'ok',
      ],
    ],
    'version-webhook': [
      ['another version of the image', withDeployment({ image: 'r:5000/w:9.9.9' }), 'warning', /the image is 9\.9\.9/],
      ['the image has a digest', withDeployment({ image: 'r:5000/w@sha256:00' }), 'not-applicable'],
    ],
    'version-sidecar': [
      [
        'another version of the sidecar',
        withDeployment({ env: { SPARK_NANNY_SIDECAR_IMAGE: 's:9.9.9' } }),
        'warning',
        /the sidecar is 9\.9\.9/,
      ],
      ['the sidecar image is not set', withDeployment({ env: {} }), 'not-applicable'],
    ],
  })
})
