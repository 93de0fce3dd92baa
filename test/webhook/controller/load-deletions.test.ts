import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type KnownApplication, watchSparkApplications } from '../../../cluster/spark-applications.ts'
import type { Unlisted } from '../../../kubernetes/scoped-reflector.ts'
import { loadDeletions } from '../../../webhook/controller/controller.ts'
import { createApiFixture, until } from '../../support/api-fixture.ts'
import { applications as path } from './controller-harness.ts'

describe('loadDeletions', () => {
  test('a namespace that cannot be listed → the others are loaded, and it is as soon as it is listed', async (t) => {
    const { api, deps, signal, lines } = await createApiFixture(t)
    for (const namespace of ['etl', 'reports']) {
      const metadata = { name: 'app', namespace, uid: namespace }
      api.set(path, { apiVersion: 'sparkoperator.k8s.io/v1beta2', kind: 'SparkApplication', metadata, spec: {} })
    }
    let isBroken = true
    api.intercept((_method, url) =>
      isBroken && url.includes('/reports/') ? { status: 500, body: { kind: 'Status' } } : undefined,
    )
    const scope = { namespaces: ['etl', 'reports'], oldestKubelet: [1, 33] } as const
    let aheadMs = 0
    const sleep = (ms: number, until: AbortSignal) => deps.sleep(Math.min(ms, 500), until)
    const nowMs = () => Date.now() + aheadMs
    const applications = watchSparkApplications({ ...deps, sleep, nowMs, scope })
    for (const reflector of applications.reflectors) void reflector.run(signal)
    await until(() => [...applications.all()].length === 1, 'the other namespace')
    const loads: { readonly of: readonly string[]; readonly unlisted: Unlisted }[] = []
    const load = (known: Iterable<KnownApplication>, _nowMs: number, unlisted: Unlisted = 'all') =>
      void loads.push({ of: [...known].map(({ uid }) => uid), unlisted })
    const loading = loadDeletions({ ...deps, applications, nowMs, sleep }, { deletions: { load } }, signal)
    aheadMs = 60_000
    await until(() => loads.length === 1, 'a load without it')
    assert.deepEqual(loads, [{ of: ['etl'], unlisted: new Set(['reports']) }])
    assert.ok(lines.some(({ line }) => line.event === 'deletion-records-missing' && line.namespaces === 'reports'))
    isBroken = false
    await loading
    assert.deepEqual(loads.slice(1), [{ of: ['etl', 'reports'], unlisted: new Set() }])
  })
})
