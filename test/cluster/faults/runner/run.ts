import { setTimeout as delay } from 'node:timers/promises'
import type { ApiAccess } from '../../../../kubernetes/client.ts'
import { defaultConfig } from '../../../webhook/controller/controller-harness.ts'
import { hidden, uidsInHeap } from '../invariants/heap.ts'
import { scriptedUis } from '../lives/scripted-ui.ts'
import { fastClock } from './fast-clock.ts'
import { play } from './play.ts'
import { between, seeded } from './random.ts'
import { openStage } from './stage.ts'

export interface RunOptions {
  readonly seed: number
  /** The API server itself. */
  readonly access: ApiAccess
  readonly guarded: string
  readonly bare: string
  readonly namespaceSelector: string
  readonly lives: number
  readonly writesPerSecond: number
  /** Whether to look into the memory for what should be forgotten. */
  readonly memory: boolean
  log(line: string): void
}

export interface RunReport {
  /** In words; none when all is well. */
  readonly problems: readonly string[]
}

const speed = 30

/** One run: replicas behind faulty proxies, driver lives before them, and what came of it. */
export async function runSeed(options: RunOptions): Promise<RunReport> {
  const { seed, guarded } = options
  const begunMs = performance.now()
  const random = seeded(seed, 'rates')
  const run = `${process.pid}-${seed}`
  const clock = fastClock(speed)
  const uis = scriptedUis(seed, clock)
  // Every fourth seed keeps the rails that are shipped; elsewhere they must not hide what is done.
  const unhindered = seed % 4 !== 3
  const wide = { perNamespace: 100_000, perCluster: 100_000, breakerShare: 1 }
  const config = {
    ...defaultConfig,
    lease: `faults-${seed}`,
    namespaceSelector: options.namespaceSelector,
    fallback: { ...defaultConfig.fallback, mode: 'delete' as const, intervalMs: 5_000, timeoutMs: 5_000 },
    rails: { ...defaultConfig.rails, backoffMs: 10_000, ...(unhindered && wide) },
  }
  const rates = {
    requests: between(random, 0.1, 0.35),
    watches: between(random, 0.5, 0.9),
    connections: between(random, 0, 0.1),
  }
  const stage = openStage({ ...options, run, namespace: guarded, clock, uis, config, rates })
  const problems: string[] = []
  try {
    const { figures, forgotten, ...played } = await play({ ...options, run, clock, uis, config, unhindered }, stage)
    problems.push(...played.problems)
    // All drivers are gone; the replicas have yet to see it.
    for (let waitedMs = 0; waitedMs < 5_000 && stage.idleProblems().length > 0; waitedMs += 200) await delay(200)
    problems.push(...stage.idleProblems())
    const counts = stage.counts()
    stage.forget()
    if (options.memory) problems.push(...(await kept(forgotten)))
    const sum = (kinds: readonly (readonly [string, number])[]) => kinds.reduce((total, [, count]) => total + count, 0)
    const requests = [...counts]
    const faults = requests.filter(([kind]) => kind !== 'none' && kind !== 'watch-none')
    const allS = Math.round((performance.now() - begunMs) / 100) / 10
    const line = { seed, ...figures, leaders: stage.leaders(), requests: sum(requests), faults: sum(faults), allS }
    options.log(JSON.stringify(line))
    options.log(JSON.stringify(Object.fromEntries(faults.toSorted(([a], [b]) => a.localeCompare(b)))))
  } finally {
    problems.push(...(await stage.close()))
  }
  return { problems }
}

/** A few may be in the last line that was read. */
const keptAtMost = 5
/** A watch that is frozen shows that they are gone when it is given up, and a loaded machine takes its time. */
const forgottenAfterMs = [5_000, 5_000, 10_000, 20_000]

async function kept(forgotten: readonly string[]): Promise<readonly string[]> {
  let left: readonly string[] = []
  for (const waitMs of forgottenAfterMs) {
    await delay(waitMs)
    const found = await uidsInHeap()
    left = forgotten.filter((text) => found.has(hidden(text)))
    if (left.length <= keptAtMost) return []
  }
  return [`${left.length} of ${forgotten.length} drivers that are gone are still in memory`]
}
