import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../kubernetes/fixture.ts'
import { fallback, hungScene } from './hung-scene.ts'

test('a driver that hung, answered for a while and hangs again is told of again', async (t) => {
  const scene = await hungScene(t)
  scene.start(fallback('report'))
  await scene.polled(4)
  scene.ui.hang(true)
  await until(() => scene.decisions().length === 1, 'a decision')
  scene.ui.hang(false)
  await scene.polled(20)
  scene.ui.hang(true)
  await scene.wait(3_000)
  assert.deepEqual(scene.decisions(), ['report-only', 'report-only'])
})
