import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createInjectionKeys } from '../../../webhook/injection/keys.ts'
import { createApiFixture, until } from '../../support/api-fixture.ts'

const secrets = '/api/v1/secrets'
const name = { namespace: 'spark-nanny', name: 'injection-key' }
const emptySecret = { apiVersion: 'v1', kind: 'Secret', metadata: name }

/** The deps of a replica that waits a moment where a real one waits seconds or minutes. */
async function createKeysHarness(t: Parameters<typeof createApiFixture>[0]) {
  const fixture = await createApiFixture(t)
  const deps = { ...fixture.deps, sleep: (_ms: number, signal: AbortSignal) => fixture.deps.sleep(20, signal) }
  fixture.api.define(secrets)
  const start = (secret = name) => {
    const keys = createInjectionKeys(secret, deps)
    void keys.run(fixture.signal)
    return keys
  }
  return { ...fixture, start }
}

describe('createInjectionKeys', () => {
  test('several replicas and an empty Secret → all have the same key', async (t) => {
    const { api, start } = await createKeysHarness(t)
    api.set(secrets, emptySecret)
    const replicas = [start(), start(), start()]
    await until(() => replicas.every((keys) => keys.current() !== null), 'all have a key')
    const texts = replicas.map((keys) => keys.current()?.toString('hex'))
    assert.equal(new Set(texts).size, 1)
    assert.equal(replicas[0]?.current()?.length, 32)
  })

  test('no Secret, or no permission → no key and one warning, until it can be read', async (t) => {
    const { api, lines, start } = await createKeysHarness(t)
    const keys = start()
    await until(() => api.requests.filter((line) => line.includes('/secrets/')).length > 3, 'several attempts')
    assert.equal(keys.current(), null)
    assert.deepEqual(keys.all(), [])
    assert.equal(lines.filter(({ line }) => line.event === 'injection-key-unavailable').length, 1)
    api.set(secrets, emptySecret)
    await until(() => keys.current() !== null, 'a key')
  })

  test('a Secret that is created again → the new key signs, and the one before still counts', async (t) => {
    const { api, start } = await createKeysHarness(t)
    api.set(secrets, emptySecret)
    const keys = start()
    await until(() => keys.current() !== null, 'a key')
    const before = keys.current()
    let changes = 0
    keys.whenChanged(() => {
      changes += 1
    })
    api.set(secrets, emptySecret)
    await until(() => keys.all().length === 2, 'another key')
    assert.deepEqual(keys.all()[1], before)
    assert.equal(changes, 1)
  })

  test('no Secret is configured → each process has a key of its own', async (t) => {
    const { api, start } = await createKeysHarness(t)
    const [one, two] = [start({ ...name, name: '' }), start({ ...name, name: '' })]
    assert.ok(one?.current())
    assert.notDeepEqual(one?.current(), two?.current())
    assert.deepEqual(api.requests, [])
  })
})
