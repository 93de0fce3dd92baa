import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '../../../../kubernetes/client.ts'
import { startAudit } from '../invariants/audit.ts'
import { hidden } from '../invariants/heap.ts'
import { violations } from '../invariants/invariants.ts'
import { overviewOf, trailOf } from '../invariants/trail.ts'
import { runLabel } from '../lives/driver-pod.ts'
import { guardedLives } from '../lives/guarded-lives.ts'
import { hungLives } from '../lives/hung-lives.ts'
import { type Evidence, unsettled, wasDeleted } from '../lives/outcome.ts'
import { stuckLives } from '../lives/stuck-lives.ts'
import { unguardedLives } from '../lives/unguarded-lives.ts'
import { verdictLives } from '../lives/verdict-lives.ts'
import { between, seeded, weighted } from './random.ts'
import type { RunOptions } from './run.ts'
import type { Stage, StageOptions } from './stage.ts'
import { testApi } from './test-api.ts'
import { startWorld, type World } from './world.ts'

/** What came of it; of the drivers nothing else is kept. */
export interface Played {
  readonly problems: readonly string[]
  readonly figures: Readonly<Record<string, number | string>>
  /** Pods that are gone and of which nothing need be remembered, their uids hidden. */
  readonly forgotten: readonly string[]
}

/** Writes of one life. */
const writesPerLife = 3
/** By the fast clock: driver lives begin no faster than this, and faults go on for so long after the last. */
const [leastBirthsMs, stormAfterBirthsMs] = [150_000, 60_000]
const settleWithinMs = 60_000
/** The share of lives that may prove nothing since the test itself was late. */
const mostExcused = 0.2

/** Plays all lives of a run in front of the replicas, through faults and to a good end, and removes what is left. */
export async function play(
  options: RunOptions & Pick<StageOptions, 'run' | 'clock' | 'uis' | 'config'> & { readonly unhindered: boolean },
  stage: Stage,
): Promise<Played> {
  const { seed, access, run, guarded, bare, log, lives, clock, config, unhindered } = options
  const client = createClient(access)
  const api = testApi(client)
  const audit = await startAudit(client, `${runLabel} in (${run}-driver,${run}-executor)`)
  const world = startWorld({ ...options, api: client, audit })
  try {
    await stage.join('a1')
    await stage.join('b1')
    // The writer must keep up, or its kubelet is late.
    const paceMs = ((lives * writesPerLife) / options.writesPerSecond) * 1000 * clock.speed
    const birthsMs = Math.max(leastBirthsMs, paceMs)
    bear(world, seed, lives, birthsMs)
    const stormMs = birthsMs + stormAfterBirthsMs
    await storm(stage, seed, (share) => clock.sleep(stormMs * share, new AbortController().signal))
    while (world.pods.length < lives && world.errors.length === 0) await delay(100)
    stage.calm()
    const calmMs = performance.now()

    const look = async (): Promise<Evidence> => {
      const events = await api.eventReasons([guarded, bare])
      return { world, audit, writes: stage.writes, events, rails: config.rails, unhindered }
    }
    let evidence = await look()
    while (unsettled(evidence).length > 0 && performance.now() < calmMs + settleWithinMs) {
      await delay(500)
      evidence = await look()
    }
    const settledMs = performance.now()
    // Not of drivers that are made from here on: their time has not come.
    const left = unsettled(evidence).map((text) => `not settled: ${text}`)
    // What would come now is too much.
    await delay(1_000)
    evidence = await look()
    const excused = world.pods.filter(({ excuse }) => excuse !== null).length
    const vain = excused > world.pods.length * mostExcused ? [`the machine was too slow for ${excused} lives`] : []
    const problems = [...left, ...violations(evidence), ...vain]
    const isBlamed = (uid: string, name: string) =>
      problems.some((problem) => problem.includes(uid) || problem.includes(`/${name}:`))
    const lines = problems.length > 0 ? stage.lines() : []
    if (problems.length > 0) log([...problems, overviewOf(lines)].join('\n'))
    for (const { uid, name } of world.pods) {
      if (isBlamed(uid, name)) log(trailOf(uid, name, stage.writes, lines))
    }
    const deleted = world.pods.filter(
      ({ uid, expected, deletedByUs }) => expected.startsWith('deleted') && !deletedByUs && wasDeleted(evidence, uid),
    )
    const figures = {
      pods: world.pods.length,
      hung: world.pods.filter(({ expected }) => expected !== 'left-alone' && expected !== 'ignored').length,
      deleted: deleted.length,
      // The others of these were told of: a leader that never saw the UI answer cannot say that it hangs.
      silentDeleted: deleted.filter(({ life }) => life === 'silent-and-submitted-again').length,
      silent: world.pods.filter(
        ({ life, expected }) => life === 'silent-and-submitted-again' && expected !== 'left-alone',
      ).length,
      // Their leader was lost right after.
      untold: deleted.filter(({ uid }) => !evidence.events.get(uid)?.includes('SparkNannyDeleted')).length,
      excused,
      writes: world.writes(),
      settledS: Math.round((settledMs - calmMs) / 100) / 10,
    }
    // A history names the pods that were deleted, and the last sidecars are remembered for their image.
    const forgotten = world.pods.filter(
      ({ life, expected }) => /^ui-|-out-|elsewhere/.test(life) && !expected.startsWith('deleted'),
    )
    return { problems, figures, forgotten: forgotten.map(({ uid }) => hidden(uid)) }
  } finally {
    await world.end()
    await api.clear(run, [guarded, bare], audit)
    while (audit.pods().length > 0) await delay(100)
    await api.removeLease(guarded, config.lease)
    await audit.close()
    client.close()
  }
}

/** Each kind of life once; the rest as it comes. */
function bear(world: World, seed: number, lives: number, birthsMs: number): void {
  const kinds = { ...guardedLives, ...unguardedLives, ...hungLives, ...stuckLives, ...verdictLives }
  const [first, ...others] = Object.entries(kinds).map(([kind, row]) => ({ kind, ...row }))
  if (first === undefined) throw new Error('there are no lives')
  const random = seeded(seed, 'births')
  for (let index = 0; index < lives; index += 1) {
    const { kind, live } = [first, ...others][index] ?? weighted(random, [first, ...others])
    const bornMs = random() * birthsMs
    world.start(kind, index, async (life) => {
      await life.sleep(bornMs)
      await live(life)
    })
  }
}

/**
 * What befalls whole replicas: a leader that is cut off for longer than its lease, all started anew, one that leaves. With
 * an even seed only the second: a leader that has not seen a UI answer tells of its driver and does not delete it.
 */
async function storm(stage: Stage, seed: number, pass: (share: number) => Promise<void>): Promise<void> {
  const random = seeded(seed, 'storm')
  const isWild = seed % 2 === 1
  const how = () => (random() < 0.5 ? 'crash' : 'stop')
  await pass(between(random, 0.15, 0.25))
  await Promise.all([isWild ? stage.cutLeader(3_200) : undefined, pass(0.3)])
  await Promise.all([stage.leave('leader', how()), stage.leave('any', how())])
  await stage.join('a2')
  await stage.join('b2')
  await pass(between(random, 0.2, 0.3))
  if (isWild) {
    await stage.leave('leader', how())
    await stage.join('c3')
  }
  await pass(0.25)
}
