import * as v from 'valibot'
import { parseTimeMs } from '../json.ts'

/** A text that is not empty; null if the field is missing or has another type, as in the status of another version. */
const text = v.fallback(v.nullish(v.pipe(v.string(), v.nonEmpty()), null), null)

const statusSchema = v.object({
  version: text,
  /** The kind of the verdict, or `idle` when the sidecar cannot monitor its driver. */
  state: v.pipe(v.string(), v.nonEmpty()),
  /** ISO time since which the verdict has held. */
  since: v.pipe(
    text,
    v.transform((since: string | null) => parseTimeMs(since)),
  ),
  reason: text,
  detail: text,
  /** `certain` or `likely`; null if the driver is not hung. */
  certainty: text,
  /** What each witness reported of a hung driver, and since when, as ISO time. */
  evidence: v.fallback(v.optional(v.array(v.object({ witness: text, report: text, since: text })), []), []),
  /** Whether the Spark UI has ever responded as this driver's. */
  answered: v.fallback(v.optional(v.boolean(), false), false),
  /** What the policy does about a hung driver, and what the sidecar is doing now. */
  action: v.fallback(
    v.optional(v.object({ onHung: text, now: text, message: text }), { onHung: null, now: null, message: null }),
    { onHung: null, now: null, message: null },
  ),
  /** The black boxes of this pod, the latest first. Each is served as `/blackbox/NUMBER`. */
  blackBoxes: v.fallback(
    v.optional(
      v.array(v.object({ number: v.pipe(v.number(), v.integer()), at: text, occasion: text, topFrame: text })),
      [],
    ),
    [],
  ),
  /** The latest restarts in place, at most 20. */
  restarts: v.fallback(v.optional(v.array(v.looseObject({})), []), []),
})

/** The body of the sidecar's `/status` as the sidecar writes it. It has more fields, which no program reads. */
export type SidecarStatusBody = v.InferInput<typeof statusSchema> & Readonly<Record<string, unknown>>

/** What the webhook and the CLI read from `/status`. */
export interface SidecarStatus extends Omit<v.InferOutput<typeof statusSchema>, 'since'> {
  /** Milliseconds since the epoch; null if the sidecar did not report a readable time. */
  readonly sinceMs: number | null
}

/** Reads the JSON value of `/status`. Returns undefined if the value is not the status of a sidecar. */
export function parseSidecarStatus(value: unknown): SidecarStatus | undefined {
  const result = v.safeParse(statusSchema, value)
  if (!result.success) return undefined
  const { since, ...status } = result.output
  return { ...status, sinceMs: since }
}
