import type { UiRequest, UiResult } from '../../../../spark-ui/http-get.ts'
import type { UiClient, UiPoll } from '../../../../spark-ui/ui-client.ts'
import { seeded } from '../../../support/random.ts'
import { type FastClock, iso } from '../runner/fast-clock.ts'

/** How a driver's Spark UI responds. `flaky` fails now and then, but never three times in a row. */
export type UiMode =
  | 'refused'
  | 'alive'
  | 'flaky'
  | 'not-started'
  | 'authentication'
  | 'other'
  | 'timeout'
  | 'reset'
  | '500'

/** A hang that a sidecar reports. On a likely one it does not act by itself. */
export interface ScriptedVerdict {
  readonly sinceMs: number
  readonly certainty: 'certain' | 'likely'
}

/** The Spark UIs and sidecars of all pods, by IP address. */
export interface ScriptedUis {
  set(podIp: string, mode: UiMode): void
  /** The hang that the sidecar reports; null if it reports none or has revoked it. */
  setVerdict(podIp: string, verdict: ScriptedVerdict | null): void
  /** Requests a sidecar's status. A sidecar without a scripted verdict refuses the connection. */
  sendUiRequest(request: UiRequest): Promise<UiResult>
  /** The UIs as one replica sees them. */
  prober(replica: string): Pick<UiClient, 'poll'>
}

export function createScriptedUis(seed: number, clock: FastClock): ScriptedUis {
  const modes = new Map<string, UiMode>()
  const verdicts = new Map<string, ScriptedVerdict | null>()
  const forever = new AbortController().signal
  const failing = async (cause: 'timeout' | 'reset' | 'server-error', timeoutMs: number): Promise<UiPoll['sample']> => {
    const tookMs = cause === 'timeout' ? timeoutMs : 20
    await clock.sleep(tookMs, forever)
    return { kind: 'failing', cause, detail: 'scripted', tookMs }
  }
  const sample = async (mode: UiMode, fails: boolean, timeoutMs: number): Promise<UiPoll['sample']> => {
    switch (mode) {
      case 'refused':
        return { kind: 'refused' }
      case 'flaky':
        return fails ? failing('timeout', timeoutMs) : { kind: 'alive', evidence: 'application' }
      case 'alive':
        return { kind: 'alive', evidence: 'application' }
      case 'not-started':
      case 'authentication':
        return { kind: 'alive', evidence: mode }
      case 'other':
        return { kind: 'other', detail: 'another application' }
      case 'timeout':
      case 'reset':
        return failing(mode, timeoutMs)
      case '500':
        return failing('server-error', timeoutMs)
    }
  }
  return {
    set: (podIp, mode) => void modes.set(podIp, mode),
    setVerdict: (podIp, verdict) => void verdicts.set(podIp, verdict),
    sendUiRequest: async ({ address: { host } }) => {
      const verdict = verdicts.get(host)
      if (verdict === undefined) return { kind: 'refused' }
      const body = JSON.stringify(verdict === null ? { state: 'alive' } : formatHung(verdict))
      return {
        kind: 'response',
        response: { statusCode: 200, body },
        tookMs: 1,
        bytes: body.length,
        isTruncated: false,
      }
    },
    prober: (replica) => {
      const random = seeded(seed, replica, 'uis')
      const failures = new Map<string, number>()
      return {
        poll: async ({ host }, _applicationId, timeoutMs) => {
          const before = failures.get(host) ?? 0
          const fails = before < 2 && random() < 0.5
          failures.set(host, fails ? before + 1 : 0)
          return {
            sample: await sample(modes.get(host) ?? 'refused', fails, timeoutMs),
            connected: true,
            listedId: null,
            bytes: 0,
          }
        },
      }
    },
  }
}

/** The fields of `/status` that the controller reads. */
function formatHung({ sinceMs, certainty }: ScriptedVerdict): object {
  const [reason, now] = certainty === 'certain' ? ['unresponsive', 'fail'] : ['streaming-stall', 'report']
  return { state: 'hung', reason, certainty, detail: 'scripted', action: { now }, since: iso(sinceMs) }
}
