import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { resolveSettings } from '../../../core/settings/settings.ts'
import { computeCoverage } from '../../../webhook/controller/assess/coverage.ts'
import type { DriverContext } from '../../../webhook/controller/assess/driver-context.ts'
import { createWaitTracker } from '../../../webhook/controller/assess/wait-tracker.ts'
import { createDriverStates } from '../../../webhook/controller/decide/driver-state.ts'
import { type Evaluation, evaluate } from '../../../webhook/controller/decide/evaluate.ts'
import { createSidecarImageBreaker } from '../../../webhook/controller/decide/sidecar-image-breaker.ts'
import type { Driver } from '../../../webhook/controller/driver/driver.ts'
import {
  createdMs,
  type DriverPodOptions,
  iso,
  running,
  sidecarImage,
  terminated,
  waiting,
} from '../../support/driver-pods.ts'
import { defaultConfig } from './controller-harness.ts'
import { createDriver, judged, unresponsive } from './driver/drivers.ts'

const deleting = { ...defaultConfig, fallback: { ...defaultConfig.fallback, mode: 'delete' as const } }
const settings = resolveSettings({})

const around = (driver: Driver, nowMs: number): DriverContext => ({
  settings,
  application: undefined,
  namespace: { name: 'spark', annotations: {} },
  coverage: computeCoverage(driver, settings, true, nowMs),
  named: true,
  app: driver.application,
  resubmits: true,
  pause: null,
})

/** What may be seen of a healthy driver with a sidecar that works, in the life of its pod. */
const healthy: readonly DriverPodOptions[] = [
  { phase: 'Pending', ready: false, state: {}, sidecar: { state: {} }, status: { conditions: [] } },
  { phase: 'Pending', ready: false, state: waiting('PodInitializing'), sidecar: { state: waiting('PodInitializing') } },
  { phase: 'Pending', ready: false, state: waiting('PodInitializing'), sidecar: { state: running() } },
  { ready: false },
  {},
  // Restarted in place.
  { ready: false, sidecar: { state: terminated(88, createdMs + 30_000), restarts: 0 } },
  {
    ready: false,
    restarts: 1,
    state: waiting('RestartingAllContainers'),
    sidecar: { state: waiting('RestartingAllContainers'), restarts: 1 },
  },
  { ready: false, restarts: 1, state: waiting('PodInitializing'), sidecar: { state: running(), restarts: 1 } },
  { restarts: 1, state: running(createdMs + 32_000), sidecar: { restarts: 1 } },
  // The sidecar may crash and be restarted; the driver runs on.
  { ready: false, sidecar: { state: terminated(1, createdMs + 30_000), restarts: 1 } },
  { ready: false, sidecar: { state: waiting('CrashLoopBackOff'), restarts: 4 } },
  { deletionTimestamp: iso(createdMs + 900_000) },
  { phase: 'Succeeded', state: terminated(0, createdMs + 80_000), ready: false },
]

/** Executors of a driver before are none of this one's. */
const idle = ['report', 'blocked', 'delete-executors']
const acts = ({ tasks }: Evaluation) => tasks.filter(({ choice }) => !idle.includes(choice.kind))

describe('safety.properties', () => {
  test('a healthy driver, with its states in any order → no action', () => {
    const states = fc.array(
      fc.record({ options: fc.constantFrom(...healthy), passMs: fc.integer({ min: 0, max: 50_000 }) }),
    )
    fc.assert(
      fc.property(states, (seen) => {
        let nowMs = createdMs
        let startingMs = 0
        const now = () => nowMs
        const image = createSidecarImageBreaker({ image: sidecarImage, threshold: 3, nowMs: now, monotonicMs: now })
        const memories = createDriverStates()
        const waits = createWaitTracker()
        for (const { options, passMs } of seen) {
          const driver = createDriver(options)
          // Its sidecar is there within two minutes, whenever it starts.
          const starts = driver.sidecar?.state.kind === 'waiting' && driver.driver.state.kind === 'waiting'
          startingMs = starts ? startingMs + passMs : 0
          nowMs += startingMs < 110_000 ? passMs : 0
          image.observe(driver)
          const found = evaluate(driver, deleting, {
            nowMs,
            driverContext: around(driver, nowMs),
            state: memories.of(driver.uid),
            startupBlockedForMs: image.startupBlockedForMs(driver),
            exitUnhandledForMs: null,
            waitingSinceMs: waits.observe(driver, nowMs)?.sinceMs ?? null,
            gatedUntilMs: null,
            node: { kind: 'unknown' },
            judgement: judged({ kind: 'alive', sinceMs: 0 }),
            sidecarHang: undefined,
            isBreakerOpen: () => false,
            areManyStuck: () => false,
            limits: () => ({ quarantined: false, backoffUntilMs: 0, exhausted: null }),
          })
          assert.deepEqual(acts(found), [])
        }
        assert.equal(image.isSuspended(), false)
      }),
    )
  })

  /** The pods of one name as they are, and all that they were: what a late watch may still show. */
  interface World {
    now: Driver | undefined
    readonly versions: Driver[]
    readonly deleted: string[]
  }

  type Step =
    /** A leader looks at what it was shown last, or at something newer, and carries out what it chose. */
    | { readonly kind: 'look'; readonly leader: number; readonly ahead: number; readonly forgets: boolean }
    /** The pod changes in some way that does not matter. */
    | { readonly kind: 'touch' }
    /** The pod that is being deleted is gone, and its owner makes another. */
    | { readonly kind: 'replace' }

  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      kind: fc.constant('look' as const),
      leader: fc.integer({ min: 0, max: 1 }),
      ahead: fc.integer({ min: 0, max: 3 }),
      forgets: fc.boolean(),
    }),
    fc.constant({ kind: 'touch' as const }),
    fc.constant({ kind: 'replace' as const }),
  )

  test('two replicas that both believe they lead, with different lag → a pod is deleted once, and never its successor', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world: World = { now: undefined, versions: [], deleted: [] }
        let version = 0
        const become = (driver: Driver) => {
          version += 1
          world.now = { ...driver, resourceVersion: String(version) }
          world.versions.push(world.now)
        }
        const born = (generation: number) => become({ ...createDriver({ sidecar: null }), uid: `uid-${generation}` })
        born(0)
        const views = [0, 0]
        const memories = [createDriverStates(), createDriverStates()]
        for (const item of steps) {
          if (item.kind === 'touch' && world.now !== undefined) become({ ...world.now, ready: !world.now.ready })
          if (item.kind === 'replace' && world.now?.deletionMs) born(world.versions.length)
          if (item.kind !== 'look') continue
          const { leader } = item
          views[leader] = Math.min(world.versions.length - 1, (views[leader] ?? 0) + item.ahead)
          const driver = world.versions[views[leader] ?? 0]
          if (driver === undefined) continue
          // A process that was started anew remembers nothing.
          if (item.forgets) memories[leader] = createDriverStates()
          const memory = memories[leader]?.of(driver.uid)
          if (memory === undefined) continue
          const nowMs = createdMs + 600_000
          const found = evaluate(driver, deleting, {
            nowMs,
            driverContext: around(driver, nowMs),
            state: memory,
            startupBlockedForMs: null,
            exitUnhandledForMs: null,
            waitingSinceMs: null,
            gatedUntilMs: null,
            node: { kind: 'unknown' },
            judgement: judged(unresponsive),
            sidecarHang: undefined,
            isBreakerOpen: () => false,
            areManyStuck: () => false,
            limits: () => ({ quarantined: false, backoffUntilMs: 0, exhausted: null }),
          })
          for (const { choice } of found.tasks) {
            if (choice.kind !== 'delete-pod') continue
            // As the API server does with preconditions and a grace period.
            const matches = world.now?.uid === driver.uid && world.now.resourceVersion === driver.resourceVersion
            if (!matches || world.now === undefined) continue
            memory.deletion = { kind: 'confirmed' }
            world.deleted.push(driver.uid)
            become({ ...world.now, deletionMs: createdMs + 630_000 })
          }
        }
        assert.equal(new Set(world.deleted).size, world.deleted.length, `deleted: ${world.deleted.join(', ')}`)
      }),
    )
  })
})
