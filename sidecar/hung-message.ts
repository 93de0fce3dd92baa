import type { HungVerdict } from '../core/verdict/verdict.ts'
import { toVisible } from '../core/visible-text.ts'
import { formatIsoTime, type Moment, toWallMs } from './clock.ts'

/** Kubernetes keeps 4096 bytes of a termination message, and the messages of all containers of a pod share 12 kB. */
const maxMessageLength = 1_000

/**
 * One line for the log, /status and the termination message: the reason, its certainty, the evidence, and `consequence`, which
 * is never cut. The text comes partly from the driver's UI, so that it could forge lines and control terminals.
 */
export function formatHungMessage(verdict: HungVerdict, consequence: string, time: Moment): string {
  const since = (activeMs: number) => formatIsoTime(toWallMs(activeMs, time))
  const evidence = verdict.evidence.map(
    ({ witness, report, sinceMs }) => `${witness}: ${report} since ${since(sinceMs)}`,
  )
  const conclusion = [`${verdict.reason}: ${verdict.detail}`, verdict.certainty, ...evidence].join('; ')
  const end = toOneLine(`; hung since ${since(verdict.sinceMs)}; ${consequence}`)
  return `${toOneLine(conclusion).slice(0, maxMessageLength - end.length)}${end}`
}

const toOneLine = (text: string): string => toVisible(text.replace(/\s+/g, ' '))
