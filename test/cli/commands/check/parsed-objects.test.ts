import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseCheckedDriver, summarizeSidecarStatus } from '../../../../cli/commands/check/driver.ts'
import {
  groupByRelease,
  parseConfiguration,
  parseDeployment,
  parseWebhookPod,
} from '../../../../cli/commands/check/installed-objects.ts'
import { matchesSelector, parseLabelSelector } from '../../../../cli/commands/check/label-selector.ts'
import { healthyDeployment } from './healthy-evidence.ts'
import { driver } from './installed.ts'

describe('parsed objects', () => {
  test('a Deployment with several Secrets → the one mounted at the certificate path is found', () => {
    const container = {
      name: 'webhook',
      env: [{ name: 'SPARK_NANNY_TLS_CERT_FILE', value: '/etc/spark-nanny/tls/tls.crt' }],
      volumeMounts: [
        { name: 'other', mountPath: '/etc/spark' },
        { name: 'tls', mountPath: '/etc/spark-nanny/tls' },
      ],
    }
    const volumes = [
      { name: 'other', secret: { secretName: 'other' } },
      { name: 'tls', secret: { secretName: 'webhook-tls' } },
    ]
    const spec = { template: { spec: { containers: [{ name: 'proxy' }, container], volumes } } }
    assert.equal(parseDeployment({ spec }).secret, 'webhook-tls')
    assert.equal(parseDeployment({ spec: { template: { spec: { containers: [container] } } } }).secret, null)
  })

  test('two Deployments of one release → one installation, available if either is', () => {
    const half = (name: string, ready: number) => ({
      ...healthyDeployment,
      name,
      wanted: 1,
      updated: 1,
      ready,
      unavailable: ready > 0 ? null : 'not yet',
    })
    const [one, ...others] = groupByRelease([half('x-a', 1), half('x-b', 0)])
    assert.equal(others.length, 0)
    assert.deepEqual(
      { name: one?.name, wanted: one?.wanted, ready: one?.ready, unavailable: one?.unavailable },
      { name: 'x-a and x-b', wanted: 2, ready: 1, unavailable: null },
    )
    assert.equal(groupByRelease([half('x-a', 0), half('x-b', 0)])[0]?.unavailable, 'not yet')
    assert.equal(groupByRelease([half('x-a', 1), { ...half('y-a', 1), namespace: 'elsewhere' }]).length, 2)
  })

  test('values that are not Kubernetes objects → parsed without an exception', () => {
    for (const nothing of [undefined, null, 1, 'x', [], {}]) {
      assert.equal(parseDeployment(nothing).ready, 0)
      assert.equal(parseWebhookPod(nothing).ready, false)
      assert.deepEqual(parseConfiguration(nothing).webhooks, [])
      assert.equal(parseCheckedDriver(nothing), undefined)
      assert.equal(summarizeSidecarStatus(nothing), undefined)
      assert.deepEqual(parseLabelSelector(nothing), [])
    }
  })

  test('a driver that has ended or is being deleted → not checked', () => {
    const running = driver('d', null)
    assert.ok(parseCheckedDriver(running))
    assert.equal(parseCheckedDriver({ ...running, status: { phase: 'Succeeded' } }), undefined)
    const deleted = { ...running, metadata: { ...running.metadata, deletionTimestamp: '2026-11-24T12:00:00Z' } }
    assert.equal(parseCheckedDriver(deleted), undefined)
  })

  const sidecars: readonly (readonly [status: object, expected: unknown])[] = [
    [{ started: true, state: { running: {} } }, null],
    [{ started: false, state: { waiting: { reason: 'PodInitializing' } } }, null],
    [
      { started: false, state: { waiting: { reason: 'ErrImagePull', message: 'x' } } },
      { why: 'ErrImagePull: x', hasRun: false },
    ],
    [
      { started: false, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: {} } },
      { why: 'CrashLoopBackOff', hasRun: true },
    ],
  ]
  for (const [status, expected] of sidecars) {
    test(`sidecar status ${JSON.stringify(status)} → ${expected === null ? 'not waiting' : JSON.stringify(expected)}`, () => {
      const initContainerStatuses = [{ name: 'spark-nanny', ...status }]
      const pod = { ...driver('d', '1'), status: { phase: 'Pending', initContainerStatuses } }
      assert.deepEqual(parseCheckedDriver(pod)?.sidecarWaiting, expected)
    })
  }

  const labels = { team: 'data', tier: 'x' }
  const selectors: readonly (readonly [selector: object, selected: boolean])[] = [
    [{}, true],
    [{ matchLabels: { team: 'data' } }, true],
    [{ matchLabels: { team: 'data', tier: 'y' } }, false],
    [{ matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'data'] }] }, true],
    [{ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['data'] }] }, false],
    [{ matchExpressions: [{ key: 'absent', operator: 'NotIn', values: ['data'] }] }, true],
    [{ matchExpressions: [{ key: 'team', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'absent', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] }, false],
    [{ matchExpressions: [{ key: 'constructor', operator: 'DoesNotExist' }] }, true],
    [{ matchExpressions: [{ key: 'team', operator: 'Unheard', values: [] }] }, false],
  ]
  for (const [selector, selected] of selectors) {
    test(`selector ${JSON.stringify(selector)} → ${selected ? 'matches' : 'does not match'}`, () =>
      assert.equal(matchesSelector(parseLabelSelector(selector), labels), selected))
  }
})
