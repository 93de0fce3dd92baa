import { describe } from 'node:test'
import { readable, unreadable } from '../../../../../cli/cluster/reading.ts'
import { nowMs } from '../fake-cluster.ts'
import {
  driverOf,
  healthyEvidence,
  namespaceOf,
  unread,
  withDeployment,
  withDriver,
  withInstallation,
} from '../healthy-evidence.ts'
import { testCategory } from './table.ts'

const namespaces = (...all: readonly ReturnType<typeof namespaceOf>[]) => ({
  ...healthyEvidence,
  namespaces: readable(all),
})
const inject = (value: string) => namespaces(namespaceOf('x', { 'spark-nanny.io/inject': value }))
const noNamespaces = { ...healthyEvidence, namespaces: unread }
const noDrivers = { ...healthyEvidence, drivers: unread }
const minutesAgo = (minutes: number) => nowMs - minutes * 60_000
const status = (state: string) => readable({ state, sinceMs: null, detail: 'three polls failed; report' })
const pull = (hasRun: boolean) => withDriver({ sidecarWaiting: { why: 'ImagePullBackOff: x', hasRun } })
const denied = readable([
  { what: 'patch pods', allowed: false },
  { what: 'list nodes', allowed: true },
])

describe('namespace checks', () => {
  testCategory('namespaces', {
    'namespaces-labelled': [
      ['none', namespaces(namespaceOf('x')), 'warning', /no namespace has/],
      ['misspelt', inject('Enabled'), 'warning'],
      ['unread', noNamespaces, 'unknown'],
    ],
    'namespaces-label-spelling': [
      ...['true', 'Enabled', 'enable', 'yes'].map(
        (value) => [value, inject(value), 'warning', new RegExp(`x: spark-nanny.io/inject=${value}`)] as const,
      ),
      ...['disabled', 'false'].map((value) => [`meant so: ${value}`, inject(value), 'ok'] as const),
      [
        'another label',
        namespaces(namespaceOf('x', { 'spark-nanny.io/enabled': 'true' })),
        'warning',
        /io\/enabled=true/,
      ],
      ['in capitals', namespaces(namespaceOf('x', { 'spark-nanny.io/Inject': 'enabled' })), 'warning'],
      ['unread', noNamespaces, 'unknown'],
    ],
    'namespaces-selected': [
      ['one is left out', namespaces(namespaceOf('kube-system', { 'spark-nanny.io/inject': 'enabled' })), 'warning'],
      ['none labelled', namespaces(), 'not-applicable'],
      ['unread', noNamespaces, 'unknown'],
    ],
  })
})

describe('driver checks', () => {
  testCategory('drivers', {
    'drivers-injected': [
      ['one has none', withDriver({ injected: null }), 'warning', /1 of 1 are unprotected: jobs\/etl-driver/],
      ['one opted out', withDriver({ injected: null, optedOut: true }), 'ok'],
      ['no driver', { ...healthyEvidence, drivers: readable([]) }, 'not-applicable'],
      ['unread', noDrivers, 'unknown'],
    ],
    'drivers-up-to-date': [
      ['an older one', withDriver({ injected: '0.0.9' }), 'warning', /jobs\/etl-driver \(0\.0\.9\)/],
      ['none injected', withDriver({ injected: null }), 'not-applicable'],
      ['no version', withDeployment({ labels: {} }), 'not-applicable'],
      ['unread', noDrivers, 'unknown'],
    ],
    'drivers-sidecar-started': [
      ['never ran', pull(false), 'error', /startup of 1 driver blocked: jobs\/etl-driver: ImagePullBackOff/],
      ['crashes', pull(true), 'warning', /1 driver unprotected/],
      ['unread', noDrivers, 'unknown'],
    ],
    'drivers-ready': [
      ['not for long', withDriver({ notReadySinceMs: minutesAgo(16) }), 'warning', /jobs\/etl-driver \(for 16m\)/],
      ['not yet', withDriver({ notReadySinceMs: minutesAgo(14) }), 'ok'],
      ['pending', withDriver({ phase: 'Pending', notReadySinceMs: minutesAgo(60) }), 'ok'],
      ['unread', noDrivers, 'unknown'],
    ],
    'drivers-not-hung': [
      ['hung', withDriver({ status: status('hung') }), 'error', /jobs\/etl-driver \(three polls failed; report\)/],
      ['starting', withDriver({ status: status('starting') }), 'ok'],
      ['silent', withDriver({ status: unreadable('HTTP 503') }), 'unknown', /jobs\/etl-driver: HTTP 503/],
      [
        'one hung, one silent',
        {
          ...healthyEvidence,
          drivers: readable([driverOf({ status: status('hung') }), driverOf({ status: unreadable('HTTP 503') })]),
        },
        'error',
      ],
      ['unread', noDrivers, 'unknown'],
    ],
  })
})

describe('RBAC checks', () => {
  testCategory('rbac', {
    'service-account-access': [
      ['denied', withInstallation({ access: denied }), 'error', /cannot patch pods$/],
      ['unread', withInstallation({ access: unread }), 'unknown'],
    ],
  })
})

describe('version checks', () => {
  testCategory('versions', {
    'version-cli': [
      ['another', { ...healthyEvidence, cliVersion: '9.9.9' }, 'warning', /this command is 9\.9\.9/],
      [
        'with a v',
        { ...withDeployment({ labels: { 'app.kubernetes.io/version': 'v9.9.9' } }), cliVersion: '9.9.9' },
        'ok',
      ],
    ],
    'version-webhook': [
      ['another', withDeployment({ image: 'r:5000/w:9.9.9' }), 'warning', /the image is 9\.9\.9/],
      ['a digest', withDeployment({ image: 'r:5000/w@sha256:00' }), 'not-applicable'],
    ],
    'version-sidecar': [
      [
        'another',
        withDeployment({ env: { SPARK_NANNY_SIDECAR_IMAGE: 's:9.9.9' } }),
        'warning',
        /the sidecar is 9\.9\.9/,
      ],
      ['not said', withDeployment({ env: {} }), 'not-applicable'],
    ],
  })
})
