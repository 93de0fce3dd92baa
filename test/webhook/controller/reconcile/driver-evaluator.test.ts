import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LabelledNamespace } from '../../../../cluster/namespaces.ts'
import { createObjectStore } from '../../../../kubernetes/store.ts'
import { createWaitTracker } from '../../../../webhook/controller/assess/wait-tracker.ts'
import { createDriverStates } from '../../../../webhook/controller/decide/driver-state.ts'
import type { Driver } from '../../../../webhook/controller/driver/driver.ts'
import { createDriverEvaluator } from '../../../../webhook/controller/reconcile/driver-evaluator.ts'
import { createdMs, iso, terminated, waiting } from '../../../support/driver-pods.ts'
import { defaultConfig } from '../controller-harness.ts'
import { createDriver } from '../driver/drivers.ts'

/** Two minutes after the end of the sidecar, it counts as crash-looping. */
const endedMs = createdMs + 30_000
const dueMs = endedMs + 120_000
const driver = createDriver({
  ready: false,
  sidecar: {
    state: waiting('CrashLoopBackOff'),
    lastState: terminated(1, endedMs, { startedAt: iso(endedMs - 5_000) }),
  },
})
const namespaces = createObjectStore<LabelledNamespace>(() => ({ name: 'spark', annotations: {} }))
namespaces.putPage([{ metadata: { name: 'spark' } }], new Set())

describe('createDriverEvaluator', () => {
  for (let ticksAfter = 0; ticksAfter <= 6; ticksAfter += 1) {
    test(`the clock reaches a deadline after ${ticksAfter} readings → reported, or evaluated again in time`, () => {
      let readings = 0
      const nowMs = () => {
        readings += 1
        return readings > ticksAfter ? dueMs : dueMs - 1
      }
      const evaluate = createDriverEvaluator({
        namespaces,
        applications: { known: () => undefined },
        chartSettings: {},
        config: defaultConfig,
        nativeSidecars: () => true,
        nowMs,
        monotonicMs: () => 0,
        // The collection of drivers is only read for hung and overdue ones.
        drivers: { reflector: { objects: createObjectStore<Driver>(() => undefined) } },
        sidecarImageBreaker: { startupBlockedForMs: () => null },
        states: createDriverStates(),
        deletions: { limits: () => ({ quarantined: false, backoffUntilMs: 0, exhausted: null }) },
        uiPoller: {
          judgement: () => undefined,
          reaches: () => true,
          reach: () => 'driver',
          mayBeFinishing: () => false,
        },
        sidecarStatusPoller: { verdict: () => undefined },
        waitTracker: createWaitTracker(),
        breaker: { isOpenFor: () => false },
        findNodeState: () => ({ kind: 'unknown' }),
      })
      const { tasks, requeueAtMs } = evaluate(driver)
      assert.ok(
        tasks.some(({ assessment }) => assessment.kind === 'unprotected') || requeueAtMs === dueMs,
        JSON.stringify({ tasks, requeueAtMs }),
      )
    })
  }
})
