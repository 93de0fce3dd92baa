import { isRecord, parseJson } from '../../../../core/json.ts'
import { numberField, textField, timeField } from '../../../evidence/fields.ts'

/** One recovery, as the application's annotation keeps it. */
export interface Recovery {
  readonly id: string
  /** The user, as the API server knows them. */
  readonly by: string
  readonly atMs: number
  /** Id of the finding. */
  readonly cause: string
  /** In a few words: `spark.driver.memory 1024m → 1536m`. */
  readonly remedy: string
  readonly steps: readonly Step['kind'][]
  /** Of the application before it was patched. */
  readonly generation: number | null
  /** Uid of the driver's pod before. */
  readonly pod: string | null
  readonly outcome: RecoveryOutcome
  readonly endedMs: number | null
}

/** started: it has not told how it ended, or was cut off. */
export type RecoveryOutcome = 'started' | 'recovered' | 'runs' | 'not-recovered' | 'failed'

const outcomes: readonly RecoveryOutcome[] = ['started', 'recovered', 'runs', 'not-recovered', 'failed']
const maxKept = 5

/** The value of the annotation `spark-nanny.io/recoveries`. */
export function formatRecoveries(recoveries: readonly Recovery[]): string {
  const iso = (atMs: number) => new Date(atMs).toISOString()
  return JSON.stringify(
    recoveries.slice(-maxKept).map(({ atMs, endedMs, ...rest }) => ({
      ...rest,
      at: iso(atMs),
      ...(endedMs !== null && { ended: iso(endedMs) }),
    })),
  )
}

/** What {@link formatRecoveries} wrote, the latest last; what cannot be read is left out. */
export function parseRecoveries(text: string | undefined): readonly Recovery[] {
  const value = text === undefined ? undefined : parseJson(text)
  if (!Array.isArray(value)) return []
  return value.flatMap((item: unknown) => {
    const atMs = timeField(item, 'at')
    const [id, cause] = [textField(item, 'id'), textField(item, 'cause')]
    const outcome = outcomes.find((known) => isRecord(item) && item.outcome === known)
    if (!isRecord(item) || atMs === null || id === null || cause === null || outcome === undefined) return []
    const steps = (['delete-pod', 'patch-application'] as const).filter(
      (kind) => Array.isArray(item.steps) && item.steps.includes(kind),
    )
    return [
      {
        id,
        by: textField(item, 'by') ?? 'unknown',
        atMs,
        cause,
        remedy: textField(item, 'remedy') ?? '',
        steps,
        generation: numberField(item, 'generation'),
        pod: textField(item, 'pod'),
        outcome,
        endedMs: timeField(item, 'ended'),
      },
    ]
  })
}

/** The records with this one in the place of the one of its id, or behind them. */
export function withRecovery(recoveries: readonly Recovery[], recovery: Recovery): readonly Recovery[] {
  const others = recoveries.filter(({ id }) => id !== recovery.id)
  return [...others, recovery].toSorted((a, b) => a.atMs - b.atMs)
}

/** Whether a run that has not told its end had acted: the spec is another, or, where only a pod was deleted, the pod is. */
export function hasActed(recovery: Recovery, generation: number | null, podUid: string | null): boolean {
  if (recovery.steps.includes('patch-application')) {
    return recovery.generation !== null && generation !== null && generation > recovery.generation
  }
  return recovery.pod !== podUid
}
/** One request. Both kinds carry uid and resourceVersion, so that what has changed since is not touched. */
export type Step =
  | { readonly kind: 'delete-pod'; readonly pod: string; readonly uid: string; readonly resourceVersion: string }
  | {
      readonly kind: 'patch-application'
      readonly uid: string
      readonly resourceVersion: string
      /** A JSON merge patch. */
      readonly spec: Readonly<Record<string, unknown>>
    }
