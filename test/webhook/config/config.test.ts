import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findChartProblems, parseConfig } from '../../../webhook/config/config.ts'

const least = {
  SPARK_NANNY_TLS_CERT_FILE: '/tls/tls.crt',
  SPARK_NANNY_TLS_KEY_FILE: '/tls/tls.key',
  SPARK_NANNY_SIDECAR_IMAGE: 'sidecar:1',
  SPARK_NANNY_NAMESPACE: 'spark-nanny',
}

describe('parseConfig', () => {
  test('only the required variables → the defaults', () => {
    assert.deepEqual(parseConfig(least), {
      config: {
        port: 8443,
        metricsPort: 9164,
        certificates: { kind: 'files', certFile: '/tls/tls.crt', keyFile: '/tls/tls.key', ca: null },
        sidecar: { image: 'sidecar:1', imagePullPolicy: 'IfNotPresent' },
        servicesAdmitted: true,
        chartSettings: {},
        logLevel: 'info',
        drainMs: 5000,
        kubernetes: {
          kind: 'on',
          namespace: 'spark-nanny',
          capabilityIntervalMs: 60_000,
          serviceAccountDir: '/var/run/secrets/kubernetes.io/serviceaccount',
          controller: {
            lease: 'spark-nanny',
            podName: '',
            namespaceSelector: 'spark-nanny.io/inject=enabled',
            dryRun: false,
            fallback: {
              mode: 'report',
              intervalMs: 30_000,
              timeoutMs: 10_000,
              failureThreshold: 3,
              apps: [],
              appsNamespace: 'spark',
            },
            safeguards: {
              perApplication: 3,
              perNamespace: 10,
              perCluster: 30,
              windowMs: 3_600_000,
              backoffMs: 60_000,
              breakerShare: 0.2,
            },
            bypassesBeforeSuspension: 3,
          },
          scope: null,
        },
      },
    })
  })

  test('namespaces with the oldest kubelet → the scope; without the kubelet, a problem', () => {
    const parse = (kubelet: string) =>
      parseConfig({ ...least, SPARK_NANNY_NAMESPACES: 'etl, reports', SPARK_NANNY_OLDEST_KUBELET: kubelet })
    for (const kubelet of ['1.33', 'v1.33.4-gke.1']) {
      const parsed = parse(kubelet)
      assert.ok('config' in parsed && parsed.config.kubernetes.kind === 'on')
      assert.deepEqual(parsed.config.kubernetes.scope, { namespaces: ['etl', 'reports'], oldestKubelet: [1, 33] })
    }
    for (const kubelet of ['', 'new']) assert.ok('problems' in parse(kubelet), kubelet)
  })

  test('several wrong variables → a problem for each', () => {
    const parsed = parseConfig({
      SPARK_NANNY_PORT: '99999',
      SPARK_NANNY_TLS_CERT_FILE: 'relative.crt',
      SPARK_NANNY_SIDECAR_IMAGE_PULL_POLICY: 'Sometimes',
      SPARK_NANNY_ADMIT_SERVICES: 'yes',
      SPARK_NANNY_SETTINGS: '[1]',
      SPARK_NANNY_CAPABILITY_INTERVAL: '60',
      SPARK_NANNY_LOG_LEVEL: 'loud',
    })
    assert.ok('problems' in parsed)
    assert.deepEqual(parsed.problems.map(({ key }) => key).toSorted(), [
      'SPARK_NANNY_ADMIT_SERVICES',
      'SPARK_NANNY_CAPABILITY_INTERVAL',
      'SPARK_NANNY_LOG_LEVEL',
      'SPARK_NANNY_NAMESPACE',
      'SPARK_NANNY_PORT',
      'SPARK_NANNY_SETTINGS',
      'SPARK_NANNY_SIDECAR_IMAGE',
      'SPARK_NANNY_SIDECAR_IMAGE_PULL_POLICY',
      'SPARK_NANNY_TLS_CERT_FILE',
      'SPARK_NANNY_TLS_KEY_FILE',
    ])
  })

  test('each source of certificates → its configuration', () => {
    const certificates = (env: Readonly<Record<string, string>>) => {
      const parsed = parseConfig({ ...least, ...env })
      return 'config' in parsed ? parsed.config.certificates : parsed.problems.map(({ key }) => key)
    }
    const selfSigned = {
      SPARK_NANNY_CERTIFICATES: 'self-signed',
      SPARK_NANNY_CERTIFICATE_SECRET: 'spark-nanny-webhook-tls',
      SPARK_NANNY_SERVICE_NAME: 'spark-nanny-webhook, spark-nanny-webhook-a',
      SPARK_NANNY_WEBHOOK_CONFIGURATION: 'spark-nanny',
    }
    const dayMs = 86_400_000
    assert.deepEqual(certificates(selfSigned), {
      kind: 'self-signed',
      secretName: 'spark-nanny-webhook-tls',
      serviceNames: ['spark-nanny-webhook', 'spark-nanny-webhook-a'],
      configurationName: 'spark-nanny',
      authorityValidityMs: 365 * dayMs,
      leafValidityMs: 90 * dayMs,
      holdMs: 60_000,
    })
    assert.deepEqual(
      certificates({ ...selfSigned, SPARK_NANNY_CA_VALIDITY: '5s', SPARK_NANNY_CERTIFICATE_VALIDITY: '90' }),
      ['SPARK_NANNY_CA_VALIDITY', 'SPARK_NANNY_CERTIFICATE_VALIDITY'],
    )
    assert.deepEqual(certificates({ SPARK_NANNY_CERTIFICATES: 'self-signed' }), [
      'SPARK_NANNY_CERTIFICATE_SECRET',
      'SPARK_NANNY_SERVICE_NAME',
      'SPARK_NANNY_WEBHOOK_CONFIGURATION',
    ])
    assert.deepEqual(certificates({ ...selfSigned, SPARK_NANNY_KUBERNETES: 'off' }), ['SPARK_NANNY_CERTIFICATES'])
    assert.deepEqual(certificates({ SPARK_NANNY_TLS_CA_FILE: '/tls/ca.crt' }), ['SPARK_NANNY_WEBHOOK_CONFIGURATION'])
    assert.deepEqual(
      certificates({ SPARK_NANNY_TLS_CA_FILE: '/tls/ca.crt', SPARK_NANNY_WEBHOOK_CONFIGURATION: 'spark-nanny' }),
      {
        kind: 'files',
        certFile: '/tls/tls.crt',
        keyFile: '/tls/tls.key',
        ca: { path: '/tls/ca.crt', configurationName: 'spark-nanny' },
      },
    )
  })

  test('no Kubernetes → the configured capabilities, by default none', () => {
    const kubernetes = (capabilities?: string) => {
      const parsed = parseConfig({ ...least, SPARK_NANNY_KUBERNETES: 'off', SPARK_NANNY_CAPABILITIES: capabilities })
      return 'config' in parsed ? parsed.config.kubernetes : parsed.problems.map(({ key }) => key)
    }
    assert.deepEqual(kubernetes(), {
      kind: 'off',
      capabilities: {
        nativeSidecars: false,
        restartAllContainers: false,
        containerRestartRules: false,
        openShift: false,
      },
    })
    assert.deepEqual(kubernetes('native-sidecars, container-restart-rules, openshift'), {
      kind: 'off',
      capabilities: {
        nativeSidecars: true,
        restartAllContainers: false,
        containerRestartRules: true,
        openShift: true,
      },
    })
    assert.deepEqual(kubernetes('flying'), ['SPARK_NANNY_CAPABILITIES'])
  })

  test('chart settings that are numbers or booleans → texts; wrong ones → only a warning', () => {
    const parsed = parseConfig({
      ...least,
      SPARK_NANNY_SETTINGS: '{"inject": false, "max-restarts": 5, "intervall": "5s"}',
    })
    assert.ok('config' in parsed)
    assert.deepEqual(parsed.config.chartSettings, { inject: 'false', 'max-restarts': '5', intervall: '5s' })
    assert.equal(findChartProblems(parsed.config).length, 1)
  })

  test('wrong variables of the controller → a problem for each', () => {
    const bad = {
      SPARK_NANNY_FALLBACK: 'kill',
      SPARK_NANNY_FALLBACK_INTERVAL: '30',
      SPARK_NANNY_FALLBACK_FAILURES: '0',
      SPARK_NANNY_DRY_RUN: 'yes',
      SPARK_NANNY_BUDGET_CLUSTER: '-1',
      SPARK_NANNY_BUDGET_APPLICATION: '11',
      SPARK_NANNY_BREAKER_SHARE: '20%',
      SPARK_NANNY_RESCUES_BEFORE_BREAK: '0',
    }
    const parsed = parseConfig({ ...least, ...bad })
    assert.ok('problems' in parsed)
    assert.deepEqual(parsed.problems.map(({ key }) => key).toSorted(), Object.keys(bad).toSorted())
    const good = parseConfig({
      ...least,
      SPARK_NANNY_FALLBACK: 'delete',
      SPARK_NANNY_BREAKER_SHARE: '0.5',
      SPARK_NANNY_BUDGET_APPLICATION: '10',
    })
    assert.ok('config' in good && good.config.kubernetes.kind === 'on')
    const { breakerShare, perApplication } = good.config.kubernetes.controller.safeguards
    assert.deepEqual([breakerShare, perApplication], [0.5, 10])
  })
})
