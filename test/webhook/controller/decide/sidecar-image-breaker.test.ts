import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createSidecarImageBreaker } from '../../../../webhook/controller/decide/sidecar-image-breaker.ts'
import type { Driver } from '../../../../webhook/controller/driver/driver.ts'
import {
  createdMs,
  type DriverPodOptions,
  iso,
  running,
  sidecarImage,
  terminated,
  waiting,
} from '../../../support/driver-pods.ts'
import { createDriver, labelledNamespaces } from '../driver/drivers.ts'

const minuteMs = 60_000

/** Drivers with a proof count as injected by this installation. */
function createBreakerHarness() {
  let nowMs = createdMs + 10 * minuteMs
  const breaker = createSidecarImageBreaker({
    image: sidecarImage,
    threshold: 3,
    namespaces: labelledNamespaces('spark', 'a', 'b', 'c', 'd'),
    isProven: ({ sidecar }) => sidecar?.proof != null,
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
  })
  return {
    breaker,
    isSuspended: (namespace = 'spark') => breaker.suspendedNamespaces().includes(namespace),
    pass: (ms: number) => {
      nowMs += ms
    },
    now: () => nowMs,
  }
}

const named = (uid: string, options: DriverPodOptions): Driver => {
  const sidecar = { isProven: true, ...options.sidecar }
  return { ...createDriver({ name: `${uid}-driver`, ...options, sidecar }), uid }
}
const bypassed = (uid: string, atMs: number, cause = `${sidecarImage} ErrImagePull`, namespace = 'spark') =>
  named(uid, {
    namespace,
    sidecar: { image: 'spark:4' },
    annotations: { 'spark-nanny.io/sidecar-bypassed': `${iso(atMs)} ${cause}` },
  })
const startupBlockedBy = (state: object, image = sidecarImage): DriverPodOptions => ({
  phase: 'Pending',
  state: waiting('PodInitializing'),
  ready: false,
  sidecar: { image, state },
})
const blocked = (uid: string, image = sidecarImage) => named(uid, startupBlockedBy(waiting('ErrImagePull'), image))
const started = (uid: string, atMs: number, namespace = 'spark') =>
  named(uid, { namespace, sidecar: { state: running(atMs) } })

describe('createSidecarImageBreaker', () => {
  test('three bypassed sidecars in a row, also before this process started → injection is suspended', () => {
    const { breaker, isSuspended, now } = createBreakerHarness()
    for (const uid of ['a', 'b']) breaker.observe(bypassed(uid, now() - minuteMs))
    assert.equal(isSuspended(), false)
    breaker.observe(bypassed('c', now()))
    assert.equal(isSuspended(), true)
  })

  test('a blocked startup → counts once, after 15 s', () => {
    const { breaker, isSuspended, pass, now } = createBreakerHarness()
    for (const uid of ['a', 'b', 'c']) breaker.observe(blocked(uid))
    assert.equal(isSuspended(), false)
    pass(15_000)
    assert.equal(isSuspended(), true)
    for (const uid of ['b', 'c']) breaker.observe(named(uid, { sidecar: { image: 'x' } }))
    breaker.observe(bypassed('a', now()))
    assert.equal(isSuspended(), false)
  })

  test('a slow start → does not count; a later image error counts from when it appears', () => {
    const { breaker, isSuspended, pass, now } = createBreakerHarness()
    const slow = (uid: string) => named(uid, startupBlockedBy(waiting('PodInitializing')))
    for (const uid of ['a', 'b', 'c']) breaker.observe(slow(uid))
    pass(3 * minuteMs)
    assert.equal(breaker.startupBlockedForMs(slow('a')), 3 * minuteMs)
    for (const uid of ['d', 'e', 'f']) breaker.observe(bypassed(uid, now(), `${sidecarImage} Slow`))
    assert.equal(isSuspended(), false)
    for (const uid of ['a', 'b', 'c']) breaker.observe(blocked(uid))
    assert.equal(breaker.startupBlockedForMs(blocked('a')), 0)
    pass(14_000)
    assert.equal(isSuspended(), false)
    pass(1_000)
    assert.equal(isSuspended(), true)
  })

  test('failures of other images → do not count', () => {
    const { breaker, isSuspended, pass, now } = createBreakerHarness()
    for (const uid of ['a', 'b', 'c']) breaker.observe(bypassed(uid, now(), 'other:1 ErrImagePull'))
    for (const uid of ['d', 'e', 'f']) breaker.observe(blocked(uid, 'other:1'))
    pass(minuteMs)
    assert.equal(isSuspended(), false)
  })

  const runc = 'OCI runtime create failed: unable to start container process: error during container init:'
  const causes: readonly (readonly [state: object, counts: boolean])[] = [
    [waiting('ErrImagePull'), true],
    [waiting('ImagePullBackOff'), true],
    [waiting('InvalidImageName'), true],
    [waiting('ErrImageNeverPull'), true],
    [waiting('SignatureValidationFailed'), true],
    [waiting('RunContainerError', `${runc} exec: "/node": stat /node: no such file or directory`), true],
    [waiting('CreateContainerError', 'exec /node: exec format error'), true],
    [
      terminated(128, createdMs, { reason: 'StartError', message: `${runc} exec: "node": executable file not found` }),
      true,
    ],
    [waiting('CreateContainerConfigError', 'secret "absent" not found'), false],
    [waiting('RunContainerError', `${runc} error mounting "/a" to rootfs at "/b": no such file or directory`), false],
    [waiting('CreateContainerError', 'context deadline exceeded'), false],
    [waiting('CrashLoopBackOff', 'back-off 10s restarting failed container'), false],
    [terminated(137, createdMs, { reason: 'OOMKilled' }), false],
    [waiting('TenantSaysSo'), false],
  ]
  for (const [state, counts] of causes) {
    test(`three sidecars that are blocked by ${JSON.stringify(state)} → ${counts ? 'suspended' : 'not suspended'}`, () => {
      const { breaker, isSuspended, pass } = createBreakerHarness()
      const drivers = ['x', 'y', 'z'].map((uid) => named(uid, startupBlockedBy(state)))
      for (const driver of drivers) breaker.observe(driver)
      pass(minuteMs)
      assert.equal(isSuspended(), counts)
      for (const driver of drivers) assert.equal(breaker.startupBlockedForMs(driver), minuteMs, 'bypassed in any case')
    })
  }

  test('a bypass that records another cause than the image, or a date after now → does not count, or counts as now', () => {
    const { breaker, isSuspended, pass, now } = createBreakerHarness()
    for (const [uid, reason] of [
      ['a', ''],
      ['b', 'CreateContainerConfigError'],
      ['c', 'RunContainerError'],
    ] as const) {
      breaker.observe(bypassed(uid, now(), `${sidecarImage} ${reason}`))
    }
    assert.equal(isSuspended(), false)
    const later = now() + 365 * 24 * 60 * minuteMs
    for (const uid of ['d', 'e', 'f']) breaker.observe(bypassed(uid, later, `${sidecarImage} ImageNotExecutable`))
    assert.equal(isSuspended(), true)
    pass(16 * minuteMs)
    assert.equal(isSuspended(), false)
  })

  test('sidecars without a proof, or with one that was copied → do not count, and do not end a suspension', () => {
    const { breaker, isSuspended, pass, now } = createBreakerHarness()
    const withoutProof = (driver: Driver): Driver => ({
      ...driver,
      sidecar: driver.sidecar && { ...driver.sidecar, proof: null },
    })
    const original = blocked('a')
    const copies = ['b', 'c', 'd'].map((uid): Driver => ({ ...original, uid }))
    for (const driver of [original, ...copies, ...['e', 'f', 'g'].map((uid) => withoutProof(blocked(uid)))]) {
      breaker.observe(driver)
    }
    pass(minuteMs)
    assert.equal(isSuspended(), false)
    for (const uid of ['h', 'i']) breaker.observe(blocked(uid))
    pass(minuteMs)
    assert.equal(isSuspended(), true)
    breaker.observe(withoutProof(started('j', now())))
    assert.equal(isSuspended(), true)
  })

  test('a first start of a sidecar → injection resumes; a restart of an old sidecar → still suspended', () => {
    const { breaker, isSuspended, pass, now } = createBreakerHarness()
    breaker.observe(started('old', createdMs))
    for (const uid of ['a', 'b', 'c']) breaker.observe(bypassed(uid, now()))
    pass(1_000)
    breaker.observe(started('old', now()))
    assert.equal(isSuspended(), true)
    breaker.observe(started('new', now()))
    assert.equal(isSuspended(), false)
  })

  test('failures older than 15 minutes → do not count', () => {
    const { breaker, isSuspended, pass, now } = createBreakerHarness()
    for (const uid of ['a', 'b', 'c']) breaker.observe(bypassed(uid, now()))
    pass(16 * minuteMs)
    assert.equal(isSuspended(), false)
  })

  test('any number of failures in one namespace → suspended only there', () => {
    const { breaker, isSuspended, now } = createBreakerHarness()
    for (let index = 0; index < 300; index += 1) breaker.observe(bypassed(`u${index}`, now()))
    assert.deepEqual([isSuspended('spark'), isSuspended('a')], [true, false])
  })

  test('failures in as many namespaces → suspended everywhere, but where the image has started, until it starts', () => {
    const { breaker, isSuspended, pass, now } = createBreakerHarness()
    const fail = (namespace: string) =>
      breaker.observe(bypassed(`bad-${namespace}`, now(), `${sidecarImage} ErrImagePull`, namespace))
    breaker.observe(started('well', now() - minuteMs, 'c'))
    for (const namespace of ['a', 'b', 'not-labelled']) fail(namespace)
    assert.equal(isSuspended('d'), false, 'two namespaces with the label')
    fail('spark')
    assert.deepEqual([isSuspended('d'), isSuspended('a'), isSuspended('c')], [true, true, false])
    pass(1_000)
    breaker.observe(started('next', now(), 'b'))
    assert.equal(isSuspended('d'), false)
  })

  test('while suspended → drivers are injected as a test until one of them is seen, and again after a minute', () => {
    const { breaker, isSuspended, pass, now } = createBreakerHarness()
    for (const uid of ['a', 'b', 'c']) breaker.observe(bypassed(uid, now()))
    const isInjected = () => breaker.suspension('spark') === null
    assert.equal(isSuspended(), true)
    assert.deepEqual([isInjected(), isInjected()], [true, true], 'requests without a pod take nothing away')
    const seen = (uid: string) => breaker.observe({ ...blocked(uid), createdMs: now() })
    breaker.observe({ ...blocked('old'), createdMs: now() - 5 * minuteMs })
    assert.equal(isInjected(), true)
    seen('d')
    assert.deepEqual([isInjected(), isInjected()], [false, false])
    pass(30_000)
    seen('d')
    pass(30_000)
    assert.equal(isInjected(), true)
    seen('e')
    assert.equal(isInjected(), false)
    assert.match(breaker.suspension('spark') ?? '', /could not be started for \d+ drivers of the namespace in a row/)
  })
})
