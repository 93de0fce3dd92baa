import type { Judgement } from '../core/verdict/verdict.ts'

type Judged = Pick<Judgement, 'verdict' | 'answered'>

/** Whether the startup probe passes: the UI has answered, or nothing may be concluded from that it has not. */
export function hasStarted({ verdict, answered }: Judged): boolean {
  return answered || verdict.kind !== 'starting'
}

/** Whether the readiness probe passes. It kills nothing; a driver that cannot be watched is ready. */
export function isReady(judged: Judged): boolean {
  return hasStarted(judged) && judged.verdict.kind !== 'hung'
}
