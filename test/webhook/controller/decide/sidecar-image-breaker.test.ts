import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSidecarImageBreaker } from '../../../../webhook/controller/decide/sidecar-image-breaker.ts'
import type { Driver } from '../../../../webhook/controller/driver/driver.ts'
import { createdMs, type DriverPodOptions, iso, running, sidecarImage, waiting } from '../../../support/driver-pods.ts'
import { createDriver } from '../driver/drivers.ts'

const minuteMs = 60_000

function createBreakerHarness() {
  let nowMs = createdMs + 10 * minuteMs
  const image = createSidecarImageBreaker({
    image: sidecarImage,
    threshold: 3,
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
  })
  return {
    image,
    pass: (ms: number) => {
      nowMs += ms
    },
    now: () => nowMs,
  }
}

const named = (uid: string, options: DriverPodOptions): Driver => ({ ...createDriver(options), uid })
const bypassed = (uid: string, atMs: number, image = sidecarImage) =>
  named(uid, {
    sidecar: { image: 'spark:4' },
    annotations: { 'spark-nanny.io/sidecar-bypassed': `${iso(atMs)} ${image}` },
  })
const startupBlockedBy = (state: object, image = sidecarImage): DriverPodOptions => ({
  phase: 'Pending',
  state: waiting('PodInitializing'),
  ready: false,
  sidecar: { image, state },
})
const blocked = (uid: string, image = sidecarImage) => named(uid, startupBlockedBy(waiting('ErrImagePull'), image))
const started = (uid: string, atMs: number) => named(uid, { sidecar: { state: running(atMs) } })

describe('createSidecarImageBreaker', () => {
  test('three bypassed sidecars in a row, also before this process started → injection is suspended', () => {
    const { image, now } = createBreakerHarness()
    for (const uid of ['a', 'b']) image.observe(bypassed(uid, now() - minuteMs))
    assert.equal(image.isSuspended(), false)
    image.observe(bypassed('c', now()))
    assert.equal(image.isSuspended(), true)
  })

  test('a blocked startup → counts once, after 15 s', () => {
    const { image, pass, now } = createBreakerHarness()
    for (const uid of ['a', 'b', 'c']) image.observe(blocked(uid))
    assert.equal(image.isSuspended(), false)
    pass(15_000)
    assert.equal(image.isSuspended(), true)
    for (const uid of ['b', 'c']) image.observe(named(uid, { sidecar: { image: 'x' } }))
    image.observe(bypassed('a', now()))
    assert.equal(image.isSuspended(), false)
  })

  test('a slow start → does not count; a later image error counts from when it appears', () => {
    const { image, pass, now } = createBreakerHarness()
    const slow = (uid: string) => named(uid, startupBlockedBy(waiting('PodInitializing')))
    for (const uid of ['a', 'b', 'c']) image.observe(slow(uid))
    pass(3 * minuteMs)
    assert.equal(image.startupBlockedForMs(slow('a')), 3 * minuteMs)
    for (const uid of ['d', 'e', 'f']) image.observe(bypassed(uid, now(), `${sidecarImage} Slow`))
    assert.equal(image.isSuspended(), false)
    for (const uid of ['a', 'b', 'c']) image.observe(blocked(uid))
    assert.equal(image.startupBlockedForMs(blocked('a')), 0)
    pass(14_000)
    assert.equal(image.isSuspended(), false)
    pass(1_000)
    assert.equal(image.isSuspended(), true)
  })

  test('failures of other images → do not count', () => {
    const { image, pass, now } = createBreakerHarness()
    for (const uid of ['a', 'b', 'c']) image.observe(bypassed(uid, now(), 'other:1'))
    for (const uid of ['d', 'e', 'f']) image.observe(blocked(uid, 'other:1'))
    pass(minuteMs)
    assert.equal(image.isSuspended(), false)
  })

  test('a first start of a sidecar → injection resumes; a restart of an old sidecar → still suspended', () => {
    const { image, pass, now } = createBreakerHarness()
    image.observe(started('old', createdMs))
    for (const uid of ['a', 'b', 'c']) image.observe(bypassed(uid, now()))
    pass(1_000)
    image.observe(started('old', now()))
    assert.equal(image.isSuspended(), true)
    image.observe(started('new', now()))
    assert.equal(image.isSuspended(), false)
  })

  test('failures older than 15 minutes → do not count', () => {
    const { image, pass, now } = createBreakerHarness()
    for (const uid of ['a', 'b', 'c']) image.observe(bypassed(uid, now()))
    pass(16 * minuteMs)
    assert.equal(image.isSuspended(), false)
  })

  test('while suspended → one driver per minute is injected as a test', () => {
    const { image, pass, now } = createBreakerHarness()
    for (const uid of ['a', 'b', 'c']) image.observe(bypassed(uid, now()))
    assert.deepEqual([image.suspension() === null, image.suspension() === null], [true, false])
    pass(minuteMs)
    assert.deepEqual([image.suspension() === null, image.suspension() === null], [true, false])
  })
})
