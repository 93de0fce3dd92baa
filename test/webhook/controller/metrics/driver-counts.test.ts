import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Coverage } from '../../../../webhook/controller/assess/coverage.ts'
import type { Driver } from '../../../../webhook/controller/driver/driver.ts'
import { parseDriver } from '../../../../webhook/controller/driver/parse-driver.ts'
import { countDrivers } from '../../../../webhook/controller/metrics/driver-counts.ts'
import { createControllerMetrics, registerReplicaGauges } from '../../../../webhook/controller/metrics/metrics.ts'
import { createMetrics } from '../../../../webhook/server/metrics.ts'
import { createdMs, type DriverPodOptions, startupBlockedPod, waiting } from '../../../support/driver-pods.ts'
import { createDriver } from '../driver/drivers.ts'

const isProtected: Coverage = { kind: 'protected' }
const nowMs = createdMs + 3_600_000
const count = (pods: readonly (readonly [DriverPodOptions, Coverage | undefined])[], version = '1.2.3') => {
  const coverages = new Map(pods.map(([options, coverage]) => [createDriver(options), coverage]))
  const knowledge = {
    findCoverage: (driver: Driver) => coverages.get(driver),
    startupBlockedForMs: () => null,
    version,
  }
  return countDrivers(coverages.keys(), knowledge, nowMs)
}

describe('countDrivers', () => {
  test('drivers of several namespaces and states → one sample for each combination', () => {
    const counts = count([
      [{ name: 'a' }, isProtected],
      [{ name: 'b' }, isProtected],
      [{ name: 'c', namespace: 'etl' }, isProtected],
      [{ name: 'd', deletionTimestamp: '2026-11-24T10:30:00Z' }, isProtected],
    ])
    assert.deepEqual(counts.drivers, [
      { labels: { namespace: 'spark', state: 'ready' }, value: 2 },
      { labels: { namespace: 'etl', state: 'ready' }, value: 1 },
      { labels: { namespace: 'spark', state: 'terminating' }, value: 1 },
    ])
  })

  test('a driver outside of protected namespaces, or ended → is not counted', () => {
    const counts = count([
      [{ name: 'a' }, undefined],
      [{ name: 'b', phase: 'Succeeded' }, isProtected],
    ])
    assert.deepEqual(counts, { drivers: [], unprotected: [], outdated: [], stuck: [], startupBlocked: [] })
  })

  test('unprotected drivers → are counted by reason', () => {
    const counts = count([
      [{ name: 'a' }, { kind: 'unprotected', reason: 'not-injected' }],
      [{ name: 'b' }, { kind: 'unprotected', reason: 'not-injected' }],
      [{ name: 'c' }, { kind: 'unprotected', reason: 'sidecar-bypassed' }],
      [{ name: 'd' }, { kind: 'opted-out' }],
    ])
    assert.deepEqual(counts.unprotected, [
      { labels: { namespace: 'spark', reason: 'not-injected' }, value: 2 },
      { labels: { namespace: 'spark', reason: 'sidecar-bypassed' }, value: 1 },
    ])
  })

  test('a sidecar of another version → is counted as outdated', () => {
    assert.deepEqual(count([[{ name: 'a' }, isProtected]], '2.0.0').outdated, [
      { labels: { namespace: 'spark' }, value: 1 },
    ])
    assert.deepEqual(count([[{ name: 'a' }, isProtected]]).outdated, [])
  })

  test('a sidecar that blocks its driver → is counted when a bypass should have let the driver start', () => {
    const driver = parseDriver(startupBlockedPod(waiting('ErrImagePull')))
    assert.ok(driver)
    const countAfter = (blockedForMs: number | null, coverage: Coverage | undefined = { kind: 'not-running' }) =>
      countDrivers(
        [driver],
        { findCoverage: () => coverage, startupBlockedForMs: () => blockedForMs, version: '1.2.3' },
        nowMs,
      ).startupBlocked
    assert.deepEqual([countAfter(null), countAfter(74_000)], [[], []])
    assert.deepEqual(countAfter(75_000), [{ labels: { namespace: 'spark' }, value: 1 }])
    const unlabelled = countDrivers(
      [driver],
      { findCoverage: () => undefined, startupBlockedForMs: () => 75_000, version: '1.2.3' },
      nowMs,
    )
    assert.deepEqual(unlabelled.startupBlocked, [])
  })

  test('a driver whose image cannot be pulled → is counted as stuck, unless it has opted out', () => {
    const stuck: DriverPodOptions = {
      name: 'a',
      phase: 'Pending',
      ready: false,
      sidecar: null,
      state: waiting('ImagePullBackOff'),
    }
    assert.equal(count([[stuck, { kind: 'not-running' }]]).stuck[0]?.value, 1)
    assert.deepEqual(count([[stuck, { kind: 'opted-out' }]]).stuck, [])
  })
})

describe('createControllerMetrics', () => {
  const render = async (isLeader: boolean) => {
    const all = createMetrics('1.2.3')
    let walks = 0
    createControllerMetrics(all.registry, () => 0).registerGauges({
      isLeader: () => isLeader,
      counts: () => {
        walks += 1
        return count([
          [{ name: 'a' }, isProtected],
          [{ name: 'b' }, { kind: 'unprotected', reason: 'skipped' }],
        ])
      },
      quarantined: () => new Map([['spark', 2]]),
      breakers: () => ({ 'unhealthy-share': ['etl'], 'sidecar-image': [] }),
      budgetUse: () => new Map([['etl', 3]]),
    })
    registerReplicaGauges(all.registry, {
      isLeader: () => isLeader,
      stale: () => ({ drivers: true, namespaces: false }),
    })
    const text = await all.render()
    const series = text
      .split('\n')
      .filter((line) =>
        /^spark_nanny_(leader|watch_stale|drivers|unprotected|outdated|stuck|quarantined|circuit|deletion_budget)/.test(
          line,
        ),
      )
    return { series, walks }
  }

  test('a scrape of the leader → all gauges with their labels, after one pass over all drivers', async () => {
    const { series, walks } = await render(true)
    assert.deepEqual(series.toSorted(), [
      'spark_nanny_circuit_breaker_namespace_open{breaker="unhealthy-share",namespace="etl"} 1',
      'spark_nanny_circuit_breaker_open{breaker="sidecar-image"} 0',
      'spark_nanny_circuit_breaker_open{breaker="unhealthy-share"} 1',
      'spark_nanny_deletion_budget_used{namespace="etl"} 3',
      'spark_nanny_drivers{namespace="spark",state="ready"} 2',
      'spark_nanny_leader 1',
      'spark_nanny_quarantined_applications{namespace="spark"} 2',
      'spark_nanny_unprotected_drivers{namespace="spark",reason="skipped"} 1',
      'spark_nanny_watch_stale{collection="drivers"} 1',
      'spark_nanny_watch_stale{collection="namespaces"} 0',
    ])
    assert.equal(walks, 1)
  })

  test('a scrape of another replica → only the lease and the watches', async () => {
    const { series, walks } = await render(false)
    assert.deepEqual(series.toSorted(), [
      'spark_nanny_leader 0',
      'spark_nanny_watch_stale{collection="drivers"} 1',
      'spark_nanny_watch_stale{collection="namespaces"} 0',
    ])
    assert.equal(walks, 0)
  })
})
