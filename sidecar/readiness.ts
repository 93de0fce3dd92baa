import type { Judgement } from '../core/verdict/judge.ts'
import type { HungAction } from './hung-action.ts'

type Judged = Pick<Judgement, 'verdict' | 'answered'>

/** Whether the startup probe passes: the UI has answered, or its silence does not prove that the driver is starting. */
export function hasStarted({ verdict, answered }: Judged): boolean {
  return answered || verdict.kind !== 'starting'
}

/**
 * Whether the readiness probe passes. It never stops a driver, and a driver that cannot be monitored is ready. So is a
 * driver that is only likely to be hung if nothing is done about it: it may be healthy.
 */
export function isReady(judged: Judged & { readonly action: HungAction }): boolean {
  const { verdict, action } = judged
  if (verdict.kind !== 'hung') return hasStarted(judged)
  return verdict.certainty === 'likely' && action.kind === 'report' && hasStarted(judged)
}
