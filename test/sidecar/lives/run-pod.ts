import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verdictFiles } from '../../../core/contract/pod-contract.ts'
import { parseRestartState } from '../../../sidecar/restart-state.ts'
import { between, oneOf, type Random, seeded, weighted } from '../../support/random.ts'
import { type Checks, createChecks, type Moment } from './checks.ts'
import { createWeather, scheduleDisturbances } from './disturbances.ts'
import { createKubelet } from './kubelet.ts'
import type { Life } from './life.ts'
import { drawPodSetup, type PodSetup, podKinds } from './pod-setup.ts'
import { startSidecar } from './sidecar-process.ts'
import { healthyStories, hungStories, type Story, type StoryContext } from './stories.ts'
import { createVirtualTime } from './virtual-time.ts'

export interface PodRun {
  readonly problems: readonly string[]
  /** What happened, one line for each event. */
  readonly trace: readonly string[]
  readonly stories: readonly string[]
  readonly kills: number
}

const minuteMs = 60_000
const runMs = 120 * minuteMs
/** Files on a disk take most of a run's time. */
const memoryDir = '/dev/shm'
const startWallMs = Date.UTC(2026, 0, 31, 12)

/** One pod of a seed, from its start to its end or for two hours. */
export async function runPod(seed: number, index: number): Promise<PodRun> {
  const random = seeded(seed, index, 'pod')
  const setup = drawPodSetup(random, weighted(random, podKinds))
  const dir = mkdtempSync(join(existsSync(memoryDir) ? memoryDir : tmpdir(), 'spark-nanny-life-'))
  try {
    return await simulate(seeded(seed, index, 'events'), setup, dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function simulate(random: Random, setup: PodSetup, dir: string): Promise<PodRun> {
  const time = createVirtualTime()
  const trace: string[] = [
    `pod: ${setup.name}, ${JSON.stringify({ ...setup, policy: { ...setup.policy, settings: 0 } })}`,
  ]
  const log = (text: string) => void trace.push(`${formatTime(time.nowMs())} ${text}`)
  const weather = createWeather()
  const checks = createChecks(setup, () => weather.wallSkewMs)
  const stories: string[] = []
  let calmSinceMs = 0
  let isBroken = false
  let kills = 0
  const bootedBeforeMs = between(random, 1_000, 90 * 24 * 60 * minuteMs)
  const context = createStoryContext(random, setup)
  const moment = (): Moment => ({
    nowMs: time.nowMs(),
    driver: kubelet.driver(),
    isEnding: kubelet.isEnding(),
    isReady: kubelet.isReady(),
    calmSinceMs,
    sidecarStartedMs: kubelet.sidecar()?.startedMs ?? 0,
  })
  const kubelet = createKubelet({
    setup,
    time,
    random,
    weather,
    dir,
    bootedBeforeMs,
    startWallMs,
    drawLife: (count) => drawLife(context, count),
    startSidecar: () => {
      calmSinceMs = Math.max(calmSinceMs, time.nowMs())
      return startSidecar({
        setup,
        time,
        weather,
        dir,
        bootedBeforeMs,
        startWallMs,
        driver: kubelet.driver,
        trace: log,
        onStep: (process) => {
          const state = process.state()
          if (state.kind === 'monitoring') checks.onStep(state.snapshot, moment())
        },
        onHungFile: (text) => {
          log(`hung: ${JSON.stringify(text)}`)
          checks.onHungFile(text, moment())
        },
        onExit: (code) => kubelet.onSidecarExit(code),
        onBug: checks.report,
      })
    },
    trace: log,
    onKill: (driver, cause) => {
      kills += 1
      log(`kill by ${cause}`)
      checks.onKill(driver, cause, time.nowMs())
    },
    onDriverStart: (driver, after) => {
      stories.push(driver.life.story)
      checks.onDriverStart(driver, after, time.nowMs())
    },
    onPodEnd: () => {},
  })
  scheduleDisturbances({ random, time, weather, trace: log, kubelet }, (untilMs, breaks) => {
    calmSinceMs = Math.max(calmSinceMs, untilMs)
    isBroken ||= breaks
  })
  kubelet.start(oneOf(random, [1_000, 1_000, between(random, 1_000, 15 * minuteMs)]))
  await time.runUntil(runMs, () => kubelet.hasPodEnded() || checks.problems.length > 0)
  if (checks.problems.length === 0 && !isBroken && setup.canRestart) checkCount(checks, dir, kubelet.hasPodEnded(), log)
  for (const problem of checks.problems) log(`PROBLEM: ${problem}`)
  return { problems: checks.problems, trace, stories, kills }
}

/** Restarts are counted when the next driver's start is recorded, so the last one may be missing. */
function checkCount(checks: Checks, dir: string, hasEnded: boolean, log: (text: string) => void): void {
  const text = readFileSync(join(dir, verdictFiles.restartState), 'utf8')
  const { attempt, pendingRestart } = parseRestartState(text)
  const counted = attempt - 1 + (pendingRestart === null ? 0 : 1)
  const made = checks.restarts()
  log(`restarts: ${made} made, ${attempt - 1} counted, ${pendingRestart === null ? 'none' : 'one'} pending`)
  if (counted < made || attempt - 1 > made + (hasEnded ? 1 : 0)) {
    checks.report(`${made} restarts were made, and ${attempt - 1} counted`)
  }
}

const formatTime = (ms: number) => `${(ms / 1000).toFixed(1).padStart(7)} s`

function createStoryContext(
  random: Random,
  { policy, startupProbe, liveness, ownProcesses, threadDumps }: PodSetup,
): StoryContext {
  const isExtended = policy.onHung.kind === 'restart-driver-container'
  return {
    random,
    deadlines: policy,
    recordedAtStart: startupProbe === 'exec' || liveness,
    recorded: liveness,
    ownProcesses,
    stopExtraMs: isExtended ? 300_000 + policy.startupDeadlineMs : 0,
    threadDumps,
  }
}

/** The first driver of a pod hangs in half of the pods. Later ones hang less often, so that budgets are spent now and then. */
function drawLife(context: StoryContext, index: number): Life {
  const { random } = context
  const isHung = random() < (index === 0 ? 0.5 : 0.4)
  const stories: Readonly<Record<string, Story>> = isHung ? hungStories : healthyStories
  const [first, ...others] = Object.entries(stories)
  if (first === undefined) throw new Error('there are no stories')
  const toRow = ([story, row]: typeof first) => ({ story, ...row })
  const { story, draw } = weighted(random, [toRow(first), ...others.map(toRow)])
  const { phases, exit, hasDebugAgent = false } = draw(context)
  return { story, phases, exit, hasDebugAgent }
}
