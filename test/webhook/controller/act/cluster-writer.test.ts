import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buildEvent } from '../../../../kubernetes/event.ts'
import { createClusterWriter } from '../../../../webhook/controller/act/cluster-writer.ts'
import { createApiFixture } from '../../../support/api-fixture.ts'
import { createdMs, driverPod } from '../../../support/driver-pods.ts'
import { pods } from '../controller-harness.ts'
import { createDriver } from '../driver/drivers.ts'

const subject = { apiVersion: 'v1', kind: 'Pod', namespace: 'spark', name: 'pi-driver', uid: 'uid-1' }
const content = { type: 'Warning', reason: 'SparkNannyDriverStuck', message: 'm', dedupKey: 'pending' } as const

describe('createClusterWriter', () => {
  test('a replica that no longer leads → sends no request', async (t) => {
    const { api, deps } = await createApiFixture(t)
    api.set(pods, driverPod())
    let leads = true
    const effects = createClusterWriter({ api: deps.api, reporter: 'r', nowMs: () => createdMs, mayAct: () => leads })
    leads = false
    for (const effect of [
      effects.deletePod(createDriver()),
      effects.replaceSidecarImage(createDriver(), 'x', 'ErrImagePull'),
      effects.publishEvent(subject, content),
    ]) {
      assert.equal((await effect).kind, 'failed')
    }
    assert.deepEqual(api.requests, [])
    leads = true
    const version = String(api.get(pods, 'spark', 'pi-driver')?.metadata.resourceVersion)
    assert.equal((await effects.deletePod({ ...createDriver(), resourceVersion: version })).kind, 'ok')
  })

  /** HTTP status, result, whether the outcome is unknown, whether a retry is pointless. */
  const answers: readonly [number, string, (true | undefined)?, true?][] = [
    [200, 'ok'],
    [404, 'conflict'],
    [409, 'conflict'],
    [403, 'failed', undefined, true],
    [429, 'failed'],
    [500, 'failed', true],
  ]
  for (const [status, expected, unanswered, refused] of answers) {
    test(`HTTP ${status} → ${expected}`, async (t) => {
      const { api, deps } = await createApiFixture(t)
      api.intercept(() => ({ status, body: { kind: 'Status' }, headers: { 'retry-after': '3' } }))
      const effects = createClusterWriter({ api: deps.api, reporter: 'r', nowMs: () => createdMs, mayAct: () => true })
      const performed = await effects.deletePod(createDriver())
      assert.equal(performed.kind, expected)
      if (performed.kind === 'failed')
        assert.deepEqual(
          [performed.retryAfterMs, performed.outcomeUnknown, performed.forbidden],
          [3_000, unanswered, refused],
        )
    })
  }

  test('a response that is not from the API server → the outcome is unknown', async (t) => {
    const { api, deps } = await createApiFixture(t)
    const effects = createClusterWriter({ api: deps.api, reporter: 'r', nowMs: () => createdMs, mayAct: () => true })
    for (const status of [200, 404]) {
      api.intercept(() => ({ status, body: '<html>' }))
      const performed = await effects.deletePod(createDriver())
      assert.ok(performed.kind === 'failed' && performed.outcomeUnknown)
    }
  })

  test('no response → the outcome is unknown', async (t) => {
    const { api, deps } = await createApiFixture(t)
    await api.close()
    const effects = createClusterWriter({ api: deps.api, reporter: 'r', nowMs: () => createdMs, mayAct: () => true })
    const performed = await effects.deletePod(createDriver())
    assert.ok(performed.kind === 'failed' && performed.outcomeUnknown)
  })

  test('same subject and key → same Event name; another subject or key → another; long messages are truncated', () => {
    const name = (event: Parameters<typeof buildEvent>[1], of = subject) =>
      (buildEvent(of, event, 'r', createdMs) as { metadata: { name: string } }).metadata.name
    assert.equal(name(content), name({ ...content, message: 'other words' }))
    assert.notEqual(name(content), name({ ...content, dedupKey: 'terminating' }))
    assert.notEqual(name(content), name(content, { ...subject, uid: 'uid-2' }))
    assert.ok(name(content, { ...subject, name: 'x'.repeat(253) }).length <= 253)
    const { message } = buildEvent(subject, { ...content, message: '’'.repeat(600) }, 'r', createdMs) as {
      message: string
    }
    assert.ok(Buffer.byteLength(message) <= 1024)
    assert.match(message, /’…$/)
  })
})
