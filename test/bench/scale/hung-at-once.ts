import { setTimeout as sleep } from 'node:timers/promises'
import type { KubernetesApi } from '../../../kubernetes/api.ts'
import { auditedRequests } from './audit.ts'
import { hang, hangDecidedWithinMs, isDeletionDecision } from './changes.ts'
import type { BenchDriver } from './drivers.ts'
import { together } from './fill.ts'
import type { WebhookProcess } from './webhook-process.ts'

export interface HungAtOnce {
  readonly hung: number
  readonly decided: number
  /** The deletions that the API server received. */
  readonly deletions: number
  /** The number of blocked deletions by reason. */
  readonly withheld: Readonly<Record<string, number>>
  readonly tookMs: number
}

/** Makes all drivers hang at once, and measures the reaction of a process that may delete. */
export async function hangAtOnce(
  api: KubernetesApi,
  webhook: WebhookProcess,
  auditLog: string,
  drivers: readonly BenchDriver[],
): Promise<HungAtOnce> {
  const fromMs = Date.now()
  const names = new Set(drivers.map(({ namespace, name }) => `${namespace}/${name}`))
  await together(drivers, (driver) => hang(api, driver))
  const tookMs = Date.now() - fromMs
  const lastDecisions = () => {
    const last = new Map<string, Readonly<Record<string, unknown>>>()
    for (const line of webhook.log()) {
      const key = `${line.fields.namespace}/${line.fields.name}`
      if (isDeletionDecision(line) && line.atMs >= fromMs && names.has(key)) last.set(key, line.fields)
    }
    return last
  }
  for (const endMs = Date.now() + hangDecidedWithinMs; Date.now() < endMs && lastDecisions().size < drivers.length; ) {
    await sleep(1_000)
  }
  // What was put off until an effect ended.
  await sleep(5_000)
  const decisions = lastDecisions()
  const withheld: Record<string, number> = {}
  for (const { why } of decisions.values()) {
    if (typeof why === 'string') withheld[why] = (withheld[why] ?? 0) + 1
  }
  const deletions = auditedRequests(auditLog).filter(
    ({ verb, resource, atMs, status }) => verb === 'delete' && resource === 'pods' && atMs >= fromMs && status < 300,
  )
  return { hung: drivers.length, decided: decisions.size, deletions: deletions.length, withheld, tookMs }
}
