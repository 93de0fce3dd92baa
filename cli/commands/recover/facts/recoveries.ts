import { isRecord, numberField, parseJson, textField, timeField } from '../../../../core/json.ts'

/** One recovery, as recorded in the application's annotation. */
export interface Recovery {
  readonly id: string
  /** Name of the user, according to the API server. */
  readonly by: string
  readonly atMs: number
  /** Id of the finding. */
  readonly cause: string
  /** Short description: `spark.driver.memory 1024m → 1536m`. */
  readonly remedy: string
  readonly steps: readonly Step['kind'][]
  /** Generation of the application before it was patched. */
  readonly generation: number | null
  /** Uid of the previous driver pod. */
  readonly pod: string | null
  readonly outcome: RecoveryOutcome
  readonly endedMs: number | null
}

/** `started` means that the recovery is running or was interrupted. */
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

/** Parses what {@link formatRecoveries} wrote, oldest first. Malformed records are omitted. */
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

/** Replaces the record with the same id, or adds the record. */
export function withRecovery(recoveries: readonly Recovery[], recovery: Recovery): readonly Recovery[] {
  const others = recoveries.filter(({ id }) => id !== recovery.id)
  return [...others, recovery].toSorted((a, b) => a.atMs - b.atMs)
}

/** Whether an interrupted recovery had changed the cluster: the spec has changed or, if it only deletes a pod, the pod has. */
export function hasActed(recovery: Recovery, generation: number | null, podUid: string | null): boolean {
  if (recovery.steps.includes('patch-application')) {
    return recovery.generation !== null && generation !== null && generation > recovery.generation
  }
  return recovery.pod !== podUid
}

/** One request. It carries uid and resourceVersion, so that the API server rejects it if the object has changed. */
export type Step =
  | { readonly kind: 'delete-pod'; readonly pod: string; readonly uid: string; readonly resourceVersion: string }
  | {
      readonly kind: 'patch-application'
      readonly uid: string
      readonly resourceVersion: string
      /** A JSON merge patch. */
      readonly spec: Readonly<Record<string, unknown>>
    }
