import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '../../../../kubernetes/client.ts'
import { between, seeded, weighted } from '../../../support/random.ts'
import { startAudit } from '../invariants/audit.ts'
import { reverseUid } from '../invariants/heap.ts'
import { findViolations } from '../invariants/invariants.ts'
import { findUnsettled, type RunEvidence, wasDeleted } from '../invariants/outcome.ts'
import { formatOverview, formatPodTrace } from '../invariants/trace.ts'
import { runLabel } from '../scenarios/driver-pod.ts'
import { hungDrivers } from '../scenarios/hung-drivers.ts'
import { protectedDrivers } from '../scenarios/protected-drivers.ts'
import { reportedVerdicts } from '../scenarios/reported-verdicts.ts'
import { stuckDrivers } from '../scenarios/stuck-drivers.ts'
import { unprotectedDrivers } from '../scenarios/unprotected-drivers.ts'
import { createClusterQueries } from './cluster-queries.ts'
import { type DriverSimulation, startSimulation } from './driver-simulation.ts'
import type { ReplicaPool, ReplicaPoolOptions } from './replica-pool.ts'
import type { RunOptions } from './run-seed.ts'

/** The result of a run. It keeps nothing else of the drivers, so that the heap search finds only what replicas keep. */
export interface ScenarioResult {
  readonly problems: readonly string[]
  readonly figures: Readonly<Record<string, number | string>>
  /** Reversed uids of deleted pods that no replica needs to remember. */
  readonly forgotten: readonly string[]
}

/** Average writes of a scenario. */
const writesPerScenario = 3
/** By the fast clock: the minimum time over which scenarios start, and how long faults last after the last start. */
const [leastBirthsMs, stormAfterBirthsMs] = [150_000, 60_000]
const settleWithinMs = 60_000
/** The largest share of scenarios that may be inconclusive because the test itself was late. */
const maxInconclusiveShare = 0.2

/** Runs all scenarios against the replicas, first with faults and then without, and deletes what they leave behind. */
export async function runScenarios(
  options: RunOptions & Pick<ReplicaPoolOptions, 'run' | 'clock' | 'uis' | 'config'> & { readonly unhindered: boolean },
  replicas: ReplicaPool,
): Promise<ScenarioResult> {
  const { seed, access, run, labelled, unlabelled, log, scenarios, clock, config, unhindered } = options
  const client = createClient(access)
  const api = createClusterQueries(client)
  const audit = await startAudit(client, `${runLabel} in (${run}-driver,${run}-executor)`)
  const simulation = startSimulation({ ...options, api: client, audit })
  try {
    await replicas.join('a1')
    await replicas.join('b1')
    // The writer must keep up, or the simulated kubelet is late.
    const paceMs = ((scenarios * writesPerScenario) / options.writesPerSecond) * 1000 * clock.speed
    const birthsMs = Math.max(leastBirthsMs, paceMs)
    startScenarios(simulation, seed, scenarios, birthsMs)
    const stormMs = birthsMs + stormAfterBirthsMs
    await disruptReplicas(replicas, seed, (share) => clock.sleep(stormMs * share, new AbortController().signal))
    while (simulation.pods.length < scenarios && simulation.errors.length === 0) await delay(100)
    replicas.endFaults()
    const calmMs = performance.now()

    const look = async (): Promise<RunEvidence> => {
      const events = await api.eventReasons([labelled, unlabelled])
      return { simulation, audit, writes: replicas.writes, events, safeguards: config.safeguards, unhindered }
    }
    let evidence = await look()
    while (findUnsettled(evidence).length > 0 && performance.now() < calmMs + settleWithinMs) {
      await delay(500)
      evidence = await look()
    }
    const settledMs = performance.now()
    // Drivers created from here on are not included: the controller needs time for them.
    const left = findUnsettled(evidence).map((text) => `not settled: ${text}`)
    // Anything that happens after this delay would be one action too many.
    await delay(1_000)
    evidence = await look()
    const inconclusives = simulation.pods.filter(({ inconclusive }) => inconclusive !== null).length
    const vain =
      inconclusives > simulation.pods.length * maxInconclusiveShare
        ? [`the machine was too slow for ${inconclusives} scenarios`]
        : []
    const problems = [...left, ...findViolations(evidence), ...vain]
    const isBlamed = (uid: string, name: string) =>
      problems.some((problem) => problem.includes(uid) || problem.includes(`/${name}:`))
    const lines = problems.length > 0 ? replicas.lines() : []
    if (problems.length > 0) log([...problems, formatOverview(lines)].join('\n'))
    for (const { uid, name } of simulation.pods) {
      if (isBlamed(uid, name)) log(formatPodTrace(uid, name, replicas.writes, lines))
    }
    const deleted = simulation.pods.filter(
      ({ uid, expected, deletedByTest }) =>
        expected.startsWith('deleted') && !deletedByTest && wasDeleted(evidence, uid),
    )
    const figures = {
      pods: simulation.pods.length,
      hung: simulation.pods.filter(({ expected }) => expected !== 'untouched' && expected !== 'ignored').length,
      deleted: deleted.length,
      // The others were only reported: a leader that never saw the UI respond does not conclude that it hangs.
      silentDeleted: deleted.filter(({ scenario }) => scenario === 'silent-and-submitted-again').length,
      silent: simulation.pods.filter(
        ({ scenario, expected }) => scenario === 'silent-and-submitted-again' && expected !== 'untouched',
      ).length,
      // The leader was lost between the deletion and its Event.
      untold: deleted.filter(({ uid }) => !evidence.events.get(uid)?.includes('SparkNannyPodDeleted')).length,
      inconclusives,
      writes: simulation.writes(),
      settledS: Math.round((settledMs - calmMs) / 100) / 10,
    }
    // Excluded: a deletion history names deleted pods, and the image breaker remembers the last sidecars.
    const forgotten = simulation.pods.filter(
      ({ scenario, expected }) => /^ui-|-out-|elsewhere/.test(scenario) && !expected.startsWith('deleted'),
    )
    return { problems, figures, forgotten: forgotten.map(({ uid }) => reverseUid(uid)) }
  } finally {
    await simulation.end()
    await api.clear(run, [labelled, unlabelled], audit)
    while (audit.pods().length > 0) await delay(100)
    await api.removeLease(labelled, config.lease)
    await audit.close()
    client.close()
  }
}

/** Starts each kind of scenario once, and the rest at random. */
function startScenarios(simulation: DriverSimulation, seed: number, scenarios: number, birthsMs: number): void {
  const kinds = { ...protectedDrivers, ...unprotectedDrivers, ...hungDrivers, ...stuckDrivers, ...reportedVerdicts }
  const [first, ...others] = Object.entries(kinds).map(([kind, row]) => ({ kind, ...row }))
  if (first === undefined) throw new Error('there are no scenarios')
  const random = seeded(seed, 'births')
  for (let index = 0; index < scenarios; index += 1) {
    const { kind, run } = [first, ...others][index] ?? weighted(random, [first, ...others])
    const bornMs = random() * birthsMs
    simulation.start(kind, index, async (scenario) => {
      await scenario.sleep(bornMs)
      await run(scenario)
    })
  }
}

/**
 * Faults of whole replicas: the leader is cut off for longer than its lease, all are restarted, one leaves. With
 * an even seed only the restart: a leader that has not seen a UI respond reports its driver and does not delete it.
 */
async function disruptReplicas(
  replicas: ReplicaPool,
  seed: number,
  pass: (share: number) => Promise<void>,
): Promise<void> {
  const random = seeded(seed, 'storm')
  const isWild = seed % 2 === 1
  const how = () => (random() < 0.5 ? 'crash' : 'stop')
  await pass(between(random, 0.15, 0.25))
  await Promise.all([isWild ? replicas.cutLeader(3_200) : undefined, pass(0.3)])
  await Promise.all([replicas.leave('leader', how()), replicas.leave('any', how())])
  await replicas.join('a2')
  await replicas.join('b2')
  await pass(between(random, 0.2, 0.3))
  if (isWild) {
    await replicas.leave('leader', how())
    await replicas.join('c3')
  }
  await pass(0.25)
}
