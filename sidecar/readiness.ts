import type { Judgement } from '../core/verdict/judge.ts'

type Judged = Pick<Judgement, 'verdict' | 'answered'>

/** Whether the startup probe passes: the UI has answered, or its silence does not prove that the driver is starting. */
export function hasStarted({ verdict, answered }: Judged): boolean {
  return answered || verdict.kind !== 'starting'
}

/** Whether the readiness probe passes. It never stops a driver, and a driver that cannot be monitored is ready. */
export function isReady(judged: Judged): boolean {
  return hasStarted(judged) && judged.verdict.kind !== 'hung'
}
