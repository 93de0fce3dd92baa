import { setTimeout as delay } from 'node:timers/promises'
import type { ApiAccess } from '../../../../kubernetes/client.ts'
import type { ControllerConfig } from '../../../../webhook/config/controller-config.ts'
import { between, seeded } from '../../../support/random.ts'
import { defaultConfig } from '../../../webhook/controller/controller-harness.ts'
import { findUidsInHeap, reverseUid } from '../invariants/heap.ts'
import { createScriptedUis } from '../scenarios/scripted-ui.ts'
import { fastClock } from './fast-clock.ts'
import { createReplicaPool } from './replica-pool.ts'
import { runScenarios } from './run-scenarios.ts'

export interface RunOptions {
  readonly seed: number
  /** The API server itself. */
  readonly access: ApiAccess
  readonly labelled: string
  readonly unlabelled: string
  readonly namespaceSelector: string
  readonly scenarios: number
  readonly writesPerSecond: number
  /** Whether to search the heap for drivers that should have been forgotten. */
  readonly memory: boolean
  log(line: string): void
}

export interface RunReport {
  /** Descriptions; empty if the run passed. */
  readonly problems: readonly string[]
}

const speed = 30

/** Runs one seed: driver scenarios against replicas behind faulty proxies, then the checks. */
export async function runSeed(options: RunOptions): Promise<RunReport> {
  const { seed, labelled } = options
  const begunMs = performance.now()
  const random = seeded(seed, 'rates')
  const run = `${process.pid}-${seed}`
  const clock = fastClock(speed)
  const uis = createScriptedUis(seed, clock)
  // Every fourth seed keeps the default safeguards. In the others, wide budgets let every deletion through.
  const unhindered = seed % 4 !== 3
  const wide = { perNamespace: 100_000, perCluster: 100_000, breakerShare: 1 }
  const config: ControllerConfig = {
    ...defaultConfig,
    lease: `faults-${seed}`,
    namespaceSelector: options.namespaceSelector,
    fallback: { ...defaultConfig.fallback, mode: 'delete' as const, intervalMs: 5_000, timeoutMs: 5_000 },
    safeguards: { ...defaultConfig.safeguards, backoffMs: 10_000, ...(unhindered && wide) },
  }
  const rates = {
    requests: between(random, 0.1, 0.35),
    watches: between(random, 0.5, 0.9),
    connections: between(random, 0, 0.1),
  }
  const replicas = createReplicaPool({ ...options, run, namespace: labelled, clock, uis, config, rates })
  const problems: string[] = []
  try {
    const { figures, forgotten, ...played } = await runScenarios(
      { ...options, run, clock, uis, config, unhindered },
      replicas,
    )
    problems.push(...played.problems)
    // All drivers are gone, but the replicas may not have seen it yet.
    for (let waitedMs = 0; waitedMs < 5_000 && replicas.idleProblems().length > 0; waitedMs += 200) await delay(200)
    problems.push(...replicas.idleProblems())
    const counts = replicas.counts()
    replicas.forget()
    if (options.memory) problems.push(...(await findRetained(forgotten)))
    const sum = (kinds: readonly (readonly [string, number])[]) => kinds.reduce((total, [, count]) => total + count, 0)
    const requests = [...counts]
    const faults = requests.filter(([kind]) => kind !== 'none' && kind !== 'watch-none')
    const allS = Math.round((performance.now() - begunMs) / 100) / 10
    const line = { seed, ...figures, leaders: replicas.leaders(), requests: sum(requests), faults: sum(faults), allS }
    options.log(JSON.stringify(line))
    options.log(JSON.stringify(Object.fromEntries(faults.toSorted(([a], [b]) => a.localeCompare(b)))))
  } finally {
    problems.push(...(await replicas.close()))
  }
  return { problems }
}

/** The last log lines and watch events may still hold a few. */
const keptAtMost = 5
/** A frozen watch reports the deletions only after its timeout, and a loaded machine is slow. */
const forgottenAfterMs = [5_000, 5_000, 10_000, 20_000]

async function findRetained(forgotten: readonly string[]): Promise<readonly string[]> {
  let left: readonly string[] = []
  for (const waitMs of forgottenAfterMs) {
    await delay(waitMs)
    const found = await findUidsInHeap()
    left = forgotten.filter((text) => found.has(reverseUid(text)))
    if (left.length <= keptAtMost) return []
  }
  return [`${left.length} of ${forgotten.length} deleted drivers are still in memory`]
}
