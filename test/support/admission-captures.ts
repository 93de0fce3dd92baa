import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AdmissionRequest, parseReview } from '../../admission/admission-review.ts'
import type { AdmissionContext } from '../../admission/decide.ts'
import type { Pod } from '../../core/kubernetes/pod.ts'

export const captureNames = [
  'driver-pod.spark-operator',
  'driver-pod.spark-submit',
  'driver-service.spark-submit',
  'executor-pod',
  'ui-service.spark-operator',
] as const
export type CaptureName = (typeof captureNames)[number]

/** An AdmissionReview as a real API server sent it. */
export function captureText(name: CaptureName): string {
  return readFileSync(join(import.meta.dirname, `../data/admission/${name}.json`), 'utf8')
}

export function captureRequest(name: CaptureName): AdmissionRequest {
  const parsed = parseReview(JSON.parse(captureText(name)))
  if (parsed.kind === 'problem') throw new Error(parsed.problem.field)
  return parsed.request
}

export function capturePod(name: CaptureName): Pod {
  return captureRequest(name).object as Pod
}

/** A cluster that can do everything, a plain spark-submit, no limits. */
export const capableContext: AdmissionContext = {
  version: '0.0.0-test',
  sidecar: { image: 'registry.invalid/sidecar:1', imagePullPolicy: 'IfNotPresent' },
  servicesAdmitted: true,
  capabilities: { nativeSidecars: true, restartAllContainers: true, containerRestartRules: true, openShift: false },
  application: { kind: 'none' },
  limits: null,
  chartSettings: {},
}

/** The creation of `object`, which need not be a sound one. */
export function requestFor(object: unknown, kind: 'Pod' | 'Service' = 'Pod'): AdmissionRequest {
  return { ...captureRequest('driver-pod.spark-submit'), kind: { group: '', version: 'v1', kind }, object }
}
