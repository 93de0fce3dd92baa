import { setTimeout as sleep } from 'node:timers/promises'
import { cpuMs, rounded, statusMb } from '../process-figures.ts'
import { auditedRequests, countRequests } from './audit.ts'
import { askReadiness } from './start-up.ts'
import type { WebhookProcess } from './webhook-process.ts'

export interface Idle {
  readonly cpuPercent: number
  readonly rssMb: number
  readonly requests: ReturnType<typeof countRequests>
  /** The longest scrape. */
  readonly scrapeMs: number
}

const probePeriodMs = 10_000
const scrapePeriodMs = 30_000

/** Measures the process while no driver changes, with the usual probes of a kubelet and scrapes of Prometheus. */
export async function watchIdle(webhook: WebhookProcess, auditLog: string, durationMs: number): Promise<Idle> {
  const [fromMs, cpuBeforeMs] = [Date.now(), cpuMs(webhook.pid)]
  let scrapeMs = 0
  for (let passedMs = 0; passedMs < durationMs; passedMs += probePeriodMs) {
    await askReadiness(webhook.port)
    if (passedMs % scrapePeriodMs === 0) {
      const beganMs = performance.now()
      const answer = await (await fetch(`http://127.0.0.1:${webhook.metricsPort}/metrics`)).text()
      scrapeMs = Math.max(scrapeMs, performance.now() - beganMs)
      if (!answer.includes('spark_nanny_drivers{'))
        throw new Error('the metrics contain no drivers, so the replica does not lead')
    }
    await sleep(Math.max(0, fromMs + passedMs + probePeriodMs - Date.now()))
  }
  const toMs = Date.now()
  return {
    cpuPercent: rounded(((cpuMs(webhook.pid) - cpuBeforeMs) / (toMs - fromMs)) * 100, 2),
    rssMb: statusMb(webhook.pid, 'VmRSS'),
    requests: countRequests(auditedRequests(auditLog), fromMs, toMs),
    scrapeMs: rounded(scrapeMs, 1),
  }
}
