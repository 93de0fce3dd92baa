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
import { createDriver, judged, labelledNamespaces, unresponsive } from './driver/drivers.ts'

const deleting = { ...defaultConfig, fallback: { ...defaultConfig.fallback, mode: 'delete' as const } }
const settings = resolveSettings({})

const contextOf = (driver: Driver, nowMs: number): DriverContext => ({
  nowMs,
  settings,
  application: undefined,
  namespace: { name: 'spark', annotations: {} },
  coverage: computeCoverage(driver, settings, true, nowMs),
  observed: driver.observed,
  isLegacyApp: true,
  metricsApp: driver.application,
  ownerRecreatesPod: true,
  pause: null,
})

/** The states of a healthy driver with a working sidecar, in the lifetime of its pod. */
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

/** Choices that do not affect the driver. Executors of an earlier driver are not part of it. */
const harmless = ['report', 'blocked', 'delete-executors']
const actionsOf = ({ tasks }: Evaluation) => tasks.filter(({ choice }) => !harmless.includes(choice.kind))

describe('safety of the controller', () => {
  test('a healthy driver, with its states in any order → no action', () => {
    const observations = fc.array(
      fc.record({ options: fc.constantFrom(...healthy), passMs: fc.integer({ min: 0, max: 50_000 }) }),
    )
    fc.assert(
      fc.property(observations, (seen) => {
        let nowMs = createdMs
        let startingMs = 0
        const now = () => nowMs
        const image = createSidecarImageBreaker({
          image: sidecarImage,
          threshold: 1,
          namespaces: labelledNamespaces('spark'),
          isProven: () => true,
          nowMs: now,
          monotonicMs: now,
        })
        const states = createDriverStates()
        const waits = createWaitTracker()
        for (const { options, passMs } of seen) {
          const driver = createDriver({ ...options, sidecar: { isProven: true, ...options.sidecar } })
          // Its sidecar is there within two minutes, whenever it starts.
          const starts = driver.sidecar?.state.kind === 'waiting' && driver.driver.state.kind === 'waiting'
          startingMs = starts ? startingMs + passMs : 0
          nowMs += startingMs < 110_000 ? passMs : 0
          image.observe(driver)
          const found = evaluate(driver, deleting, {
            nowMs,
            driverContext: contextOf(driver, nowMs),
            state: states.of(driver.uid),
            startupBlockedForMs: image.startupBlockedForMs(driver),
            exitUnhandledForMs: null,
            waitingSinceMs: waits.observe(driver, nowMs)?.sinceMs ?? null,
            gatedUntilMs: null,
            node: { kind: 'unknown' },
            judgement: judged({ kind: 'alive', sinceMs: 0 }),
            reachesUi: true,
            reach: 'driver',
            mayBeFinishing: false,
            sidecarHang: undefined,
            isBreakerOpen: () => false,
            areManyStuck: () => false,
            limits: () => ({ quarantined: false, backoffUntilMs: 0, exhausted: null }),
          })
          assert.deepEqual(actionsOf(found), [])
        }
        assert.deepEqual(image.suspendedNamespaces(), [])
      }),
    )
  })

  /** The pods of one name: the current version, and all earlier versions that a late watch may still show. */
  interface PodHistory {
    now: Driver | undefined
    readonly versions: Driver[]
    readonly deleted: string[]
  }

  type Step =
    /** A leader evaluates the version that it saw last, or a newer one, and carries out its choice. */
    | { readonly kind: 'evaluate'; readonly leader: number; readonly ahead: number; readonly forgets: boolean }
    /** The pod changes in an irrelevant way. */
    | { readonly kind: 'touch' }
    /** The terminating pod is gone, and its owner creates another. */
    | { readonly kind: 'replace' }

  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      kind: fc.constant('evaluate' as const),
      leader: fc.integer({ min: 0, max: 1 }),
      ahead: fc.integer({ min: 0, max: 3 }),
      forgets: fc.boolean(),
    }),
    fc.constant({ kind: 'touch' as const }),
    fc.constant({ kind: 'replace' as const }),
  )

  /** Evaluates a hung driver without a sidecar, with all safeguards permissive. */
  const evaluateHung = (driver: Driver, state: ReturnType<ReturnType<typeof createDriverStates>['of']>) => {
    const nowMs = createdMs + 600_000
    return evaluate(driver, deleting, {
      nowMs,
      driverContext: contextOf(driver, nowMs),
      state,
      startupBlockedForMs: null,
      exitUnhandledForMs: null,
      waitingSinceMs: null,
      gatedUntilMs: null,
      node: { kind: 'unknown' },
      judgement: judged(unresponsive),
      reachesUi: true,
      reach: 'driver',
      mayBeFinishing: false,
      sidecarHang: undefined,
      isBreakerOpen: () => false,
      areManyStuck: () => false,
      limits: () => ({ quarantined: false, backoffUntilMs: 0, exhausted: null }),
    })
  }

  /** Applies the steps and returns the uids of the deleted pods, in order. */
  function simulate(steps: readonly Step[]): readonly string[] {
    const history: PodHistory = { now: undefined, versions: [], deleted: [] }
    const setPod = (driver: Driver) => {
      history.now = { ...driver, resourceVersion: String(history.versions.length + 1) }
      history.versions.push(history.now)
    }
    const createPod = (generation: number) => setPod({ ...createDriver({ sidecar: null }), uid: `uid-${generation}` })
    const leaders = [0, 1].map(() => ({ view: 0, states: createDriverStates() }))
    /** As the API server does with preconditions and a grace period. */
    const requestDeletion = ({ uid, resourceVersion }: Driver): boolean => {
      const pod = history.now
      if (pod === undefined || pod.uid !== uid || pod.resourceVersion !== resourceVersion) return false
      history.deleted.push(uid)
      setPod({ ...pod, deletionMs: createdMs + 630_000 })
      return true
    }
    const evaluateAs = ({ leader: index, ahead, forgets }: Step & { readonly kind: 'evaluate' }) => {
      const leader = leaders[index]
      assert.ok(leader)
      leader.view = Math.min(history.versions.length - 1, leader.view + ahead)
      const driver = history.versions[leader.view]
      if (driver === undefined) return
      // A restarted process has lost its state.
      if (forgets) leader.states = createDriverStates()
      const state = leader.states.of(driver.uid)
      const deletions = evaluateHung(driver, state).tasks.filter(({ choice }) => choice.kind === 'delete-pod')
      for (const _deletion of deletions) if (requestDeletion(driver)) state.deletion = { kind: 'confirmed' }
    }
    createPod(0)
    for (const item of steps) {
      if (item.kind === 'touch' && history.now !== undefined) setPod({ ...history.now, ready: !history.now.ready })
      if (item.kind === 'replace' && history.now?.deletionMs) createPod(history.versions.length)
      if (item.kind === 'evaluate') evaluateAs(item)
    }
    return history.deleted
  }

  test('two replicas that both believe they lead, with different lag → a pod is deleted once, and never its successor', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const deleted = simulate(steps)
        assert.equal(new Set(deleted).size, deleted.length, `deleted: ${deleted.join(', ')}`)
      }),
    )
  })
})
