import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { admit } from '../../admission/admit.ts'
import type { AdmissionContext, AdmissionDecision } from '../../admission/decide.ts'
import type { Pod, Service } from '../../core/kubernetes/pod.ts'
import { parseSparkApplication } from '../../core/spark/application.ts'
import { capableContext, requestFor } from './admission-captures.ts'

const folder = join(import.meta.dirname, '../data/manifests')

/** A pod or Service in a shape of the real world. */
export function readCase<T extends Pod | Service = Pod>(name: string, file = 'pod.yaml'): T {
  return parse(readFileSync(join(folder, name, file), 'utf8'))
}

/** The context of a capable cluster, with the SparkApplication of the case if it has one. */
export function contextOfCase(name: string, more: Partial<AdmissionContext> = {}): AdmissionContext {
  const path = join(folder, name, 'app.yaml')
  const application = existsSync(path) ? parseSparkApplication(parse(readFileSync(path, 'utf8'))) : undefined
  return {
    ...capableContext,
    ...(application !== undefined && { application: { kind: 'found', application } }),
    ...more,
  }
}

/** The decision about the pod of a case, which is expected to be injected. */
export function injectCase(
  name: string,
  more: Partial<AdmissionContext> = {},
): AdmissionDecision & { readonly kind: 'inject' } {
  return injectPod(readCase(name), contextOfCase(name, more))
}

export function injectPod(pod: unknown, context: AdmissionContext): AdmissionDecision & { readonly kind: 'inject' } {
  const { decision, error } = admit(requestFor(pod), context)
  if (decision.kind !== 'inject')
    throw new Error(`${decision.reason}: ${decision.warnings.join('; ')}`, { cause: error })
  return decision
}
