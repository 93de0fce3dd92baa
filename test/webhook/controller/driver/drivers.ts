import type { LabelledNamespace } from '../../../../cluster/namespaces.ts'
import { type ResolvedSettings, resolveSettings } from '../../../../core/settings/settings.ts'
import { createJudgement, type Judgement } from '../../../../core/verdict/judge.ts'
import type { Verdict } from '../../../../core/verdict/verdict.ts'
import type { Collection } from '../../../../kubernetes/store.ts'
import { type AssessmentContext, type AssessmentResult, assess } from '../../../../webhook/controller/assess/assess.ts'
import { computeCoverage } from '../../../../webhook/controller/assess/coverage.ts'
import type { Safeguards } from '../../../../webhook/controller/decide/choose-action.ts'
import type { Driver } from '../../../../webhook/controller/driver/driver.ts'
import { parseDriver } from '../../../../webhook/controller/driver/parse-driver.ts'
import { createdMs, type DriverPodOptions, driverPod } from '../../../support/driver-pods.ts'

/** A driver as the controller parses it from a pod. */
export function createDriver(options: DriverPodOptions = {}): Driver {
  const driver = parseDriver(driverPod(options))
  if (driver === undefined) throw new Error('not a driver')
  return { ...driver, resourceVersion: '1' }
}

/** Namespaces in which sidecars are injected. */
export function labelledNamespaces(...names: readonly string[]): Pick<Collection<LabelledNamespace>, 'get' | 'all'> {
  const known = new Map(names.map((name) => [name, { name, annotations: {} }]))
  return { get: (_namespace, name) => known.get(name), all: () => known.values() }
}

/** Assesses a driver of a protected namespace, without settings and without earlier observations. */
export function assessDriver(driver: Driver, fields: AssessmentFields = {}): AssessmentResult {
  const { settings = resolveSettings({}), nativeSidecars = true, inProtectedNamespace = true, ...facts } = fields
  const { nowMs = createdMs + 60_000 } = facts
  return assess(driver, {
    nowMs,
    driverContext: {
      settings,
      namespace: inProtectedNamespace ? { name: driver.namespace, annotations: {} } : undefined,
      coverage: computeCoverage(driver, settings, nativeSidecars, nowMs),
    },
    startupBlockedForMs: null,
    exitUnhandledForMs: null,
    waitingSinceMs: null,
    gatedUntilMs: null,
    node: { kind: 'unknown' },
    judgement: undefined,
    sidecarHang: undefined,
    ...facts,
  })
}

export interface AssessmentFields extends Partial<Omit<AssessmentContext, 'driverContext'>> {
  readonly settings?: ResolvedSettings
  readonly nativeSidecars?: boolean
  readonly inProtectedNamespace?: boolean
}

/** Safeguards that permit every action. */
export const permissiveSafeguards = (fields: Partial<Safeguards> = {}): Safeguards => ({
  nowMs: createdMs + 600_000,
  dryRun: false,
  mode: 'delete',
  judgedFromOutside: false,
  reachesUi: true,
  reach: 'driver',
  mayBeFinishing: false,
  observed: null,
  observeMode: false,
  assumeDriver: false,
  actOn: 'certain',
  ownerRecreatesPod: true,
  pause: null,
  quarantined: false,
  backoffUntilMs: 0,
  exhausted: null,
  isBreakerOpen: () => false,
  areManyStuck: () => false,
  ...fields,
})

export const judged = (verdict: Verdict): Judgement => ({ ...createJudgement(0, { answered: true }), verdict })

export const unresponsive: Verdict = {
  kind: 'hung',
  sinceMs: 0,
  reason: 'unresponsive',
  certainty: 'certain',
  evidence: [],
  detail: 'timeout',
}
