import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../kubernetes/fixture.ts'
import { application, fallback, hungScene } from './hung-scene.ts'

test('a driver that answers again while its deletion is put on record is left alone', async (t) => {
  const scene = await hungScene(t)
  scene.start(fallback('delete'))
  await scene.polled(4)
  let isPut = false
  scene.api.intercept((method, path) => {
    if (isPut || method !== 'PATCH' || !path.includes('/sparkapplications/')) return undefined
    isPut = true
    scene.ui.hang(false)
    return { status: 200, body: { ...application }, delayMs: 3_000 }
  })
  scene.ui.hang(true)
  await until(() => isPut, 'the record')
  await scene.polled(10)
  await scene.wait(4_000)
  assert.deepEqual(scene.decisions(), [])
})
