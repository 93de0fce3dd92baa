import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { watchNamespaceLimits } from '../../cluster/namespace-limits-watch.ts'
import { createApiFixture, until } from '../support/api-fixture.ts'

describe('watchNamespaceLimits', () => {
  test('both collections are listed → the limits of a namespace; before, null', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    api.set('/api/v1/limitranges', {
      metadata: { name: 'r', namespace: 'spark', managedFields: [{}] },
      spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] },
    })
    api.set('/api/v1/resourcequotas', {
      metadata: { name: 'q', namespace: 'spark' },
      status: { hard: { 'limits.cpu': '2' }, used: { 'limits.cpu': '500m' } },
    })
    const limits = watchNamespaceLimits(deps)
    assert.equal(limits.in('spark'), null)
    for (const reflector of limits.reflectors) void reflector.run(signal)
    await until(() => limits.in('spark') !== null, 'synced')
    assert.equal(limits.in('spark')?.container.cpu.maxMilli, 1000)
    assert.deepEqual(limits.in('spark')?.quotas, [
      { name: 'q', room: [{ side: 'limits', resource: 'cpu', leftMilli: 1500 }] },
    ])
    assert.equal(limits.in('other'), null)
  })
})
