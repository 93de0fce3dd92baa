import { boundText } from '../../core/bounded-text.ts'
import { isRecord, toStringOrEmpty } from '../../core/json.ts'
import type { AccessEnvironment } from '../../kubernetes/in-cluster-access.ts'
import type { Config, KubernetesConfig } from '../config/config.ts'

/**
 * The messages between admission and the thread of the controller. Each side watches what it needs by itself, so that neither
 * waits for the other: admission learns only where injection is suspended, and the controller learns what admission has probed.
 */

/** What a thread is started with. */
export interface ThreadData {
  readonly kubernetes: KubernetesConfig & { readonly kind: 'on' }
  readonly sidecarImage: string
  readonly chartSettings: Readonly<Record<string, string>>
  readonly logLevel: Config['logLevel']
  readonly version: string
  readonly env: AccessEnvironment
}

/** What the controller needs to know from admission. */
export interface ControllerFacts {
  readonly nativeSidecars: boolean
  /** The keys that prove injections, the newest first. */
  readonly injectionKeys: readonly Uint8Array[]
}

export type ToController =
  | { readonly kind: 'facts'; readonly facts: ControllerFacts }
  | { readonly kind: 'render'; readonly id: number }
  /** The last text of a `log` message was written. */
  | { readonly kind: 'log-written' }
  /** Releases the lease and completes what was begun. */
  | { readonly kind: 'stop' }

export type FromController =
  | { readonly kind: 'report'; readonly report: ControllerReport }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string }
  /** Lines of the log, each with its line break. `dropped`: the number of lines for which there was no memory. */
  | { readonly kind: 'log'; readonly text: string; readonly dropped: number }
  | { readonly kind: 'stopped' }

/** Sent every second. Its arrival shows that the thread runs. */
export interface ControllerReport {
  readonly isLeader: boolean
  /** Whether the watches are stale, by collection. */
  readonly stale: Readonly<Record<string, boolean>>
  /** Why no sidecars are injected at present, by namespace. Null while the drivers are not listed yet. */
  readonly suspensions: Readonly<Record<string, string>> | null
  /** The heap and the buffers of the thread. */
  readonly memoryBytes: number
}

/** Longer texts are not accepted: a scrape of all series that the controller may have takes less than a mebibyte. */
const maxMetricsChars = 8 * 1024 * 1024
export const maxLogChars = 1024 * 1024
const maxReasonChars = 500
const maxCollections = 32
/** Only namespaces with the opt-in label can be among them. */
const maxSuspensions = 10_000

/** Undefined for any other value: a message of a thread that is out of order must not harm admission. */
export function parseFromController(message: unknown): FromController | undefined {
  if (!isRecord(message)) return undefined
  switch (message.kind) {
    case 'report': {
      const report = parseReport(message.report)
      return report && { kind: 'report', report }
    }
    case 'metrics': {
      const { id, text } = message
      const isValid = typeof id === 'number' && typeof text === 'string' && text.length <= maxMetricsChars
      return isValid ? { kind: 'metrics', id, text } : undefined
    }
    case 'log': {
      const { text, dropped } = message
      // The last line may be as long as all others together.
      const isValid = typeof text === 'string' && text.length <= 2 * maxLogChars && typeof dropped === 'number'
      return isValid ? { kind: 'log', text, dropped } : undefined
    }
    case 'stopped':
      return { kind: 'stopped' }
    default:
      return undefined
  }
}

function parseReport(value: unknown): ControllerReport | undefined {
  if (!isRecord(value)) return undefined
  const { isLeader, stale, suspensions, memoryBytes } = value
  if (typeof isLeader !== 'boolean' || typeof memoryBytes !== 'number' || !isRecord(stale)) return undefined
  const flags = Object.entries(stale).slice(0, maxCollections)
  return {
    isLeader,
    stale: Object.fromEntries(flags.map(([collection, flag]) => [collection, flag === true])),
    suspensions: isRecord(suspensions) ? parseSuspensions(suspensions) : null,
    memoryBytes,
  }
}

const parseSuspensions = (value: Record<string, unknown>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(value)
      .slice(0, maxSuspensions)
      .map(([namespace, reason]) => [namespace, boundText(toStringOrEmpty(reason), maxReasonChars)]),
  )
