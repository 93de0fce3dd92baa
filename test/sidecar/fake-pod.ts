import type { TestContext } from 'node:test'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import type { Sample } from '../../core/verdict/witnesses.ts'
import { alive, bootedBeforeMs, createMonitorHarness, refused } from './monitor-harness.ts'

/** What one driver of the pod does, in milliseconds after the start of its container. */
export interface Life {
  readonly uiAfterMs: number
  /** When it stops answering for ever. Infinity: it never hangs. */
  readonly hangsAfterMs: number
  /** Whether a hung driver burns CPU. */
  readonly isBusy: boolean
  /** When it stops answering for a while, although it works, and for how long. */
  readonly pausesAfterMs: number
  readonly pauseMs: number
  /** When its UI closes although the process goes on. */
  readonly closesAfterMs: number
  /** Whether it works on after its UI has closed. */
  readonly worksOn: boolean
  /** When it fails by itself. */
  readonly crashesAfterMs: number
}

const never = Number.POSITIVE_INFINITY

export const healthy: Life = {
  uiAfterMs: 20_000,
  hangsAfterMs: never,
  isBusy: false,
  pausesAfterMs: never,
  pauseMs: 0,
  closesAfterMs: never,
  worksOn: false,
  crashesAfterMs: never,
}

export interface Scenario {
  /** The last one repeats. */
  readonly lives: readonly Life[]
  readonly policy: Partial<DriverPolicy>
  /** Which exits of the driver container the kubelet answers with another start in the same pod. */
  readonly restarts: 'none' | 'code 142' | 'failures' | 'all'
  /** Whether the probe's signals reach the JVM. If not, the kubelet ends the container after three failures. */
  readonly signalled: boolean
  /** Whether exit 88 of the sidecar restarts all containers. If not, only the sidecar restarts. */
  readonly restartsAll: boolean
  /** How long a container takes to end after the kubelet has asked it to. */
  readonly graceMs: number
  readonly backoffMs: number
  readonly startupProbe: boolean
  readonly durationMs: number
  /** When the first driver container starts, after the sidecar. */
  readonly firstStartMs: number
  /** When the liveness probe first runs, after the start: a startup probe of the user's may take long. */
  readonly livenessDelayMs: number
  /** When the sidecar's process ends by itself and starts again, after the start of the pod. */
  readonly sidecarRestartsMs: readonly number[]
  /** Whether the records of the probes are incomplete for a second before they are complete. */
  readonly partialRecords: boolean
}

export const usual: Omit<Scenario, 'lives' | 'policy'> = {
  restarts: 'failures',
  signalled: true,
  restartsAll: true,
  graceMs: 0,
  backoffMs: 10_000,
  startupProbe: true,
  durationMs: 3_600_000,
  firstStartMs: 0,
  livenessDelayMs: 0,
  sidecarRestartsMs: [],
  partialRecords: false,
}

/** A driver that was ended because of the sidecar. */
export interface Kill {
  readonly life: number
  readonly isHealthy: boolean
  /** Whether its UI had closed, so that it may have committed its output. */
  readonly isClosed: boolean
  /** Whether another driver started in the same pod. */
  readonly runsAgain: boolean
  readonly exitCode: 88 | 137 | 142 | 143
}

export interface Outcome {
  readonly kills: readonly Kill[]
  readonly starts: number
  /** The restarts that the sidecar counted. */
  readonly counted: number
  /**
   * Drivers that ended by themselves while their restart was under way, and were started again. The sidecar cannot see who
   * ended them, and counts them too.
   */
  readonly endedMeanwhile: number
  readonly exits: number
  /** How often the sidecar noticed that its driver survived a restart of all containers. */
  readonly survivals: number
  /** The exit code with which the pod failed; null if it still runs. */
  readonly podEnded: number | null
  /** How long the current driver has been hung, and recorded; 0 if it is not. */
  readonly hungForMs: number
}

type Harness = ReturnType<typeof createMonitorHarness>

/** Runs a real monitor on real files beside a kubelet with the probes of admission/probes.ts, in virtual time. */
export async function runPod(t: TestContext, scenario: Scenario): Promise<Outcome> {
  const policy: Partial<DriverPolicy> = {
    unresponsiveDeadlineMs: 120_000,
    startupProbeTells: true,
    ...((scenario.restarts === 'failures' || scenario.restarts === 'all') && { kubeletRestarts: true }),
    ...(scenario.graceMs !== 30_000 && { gracePeriodMs: scenario.graceMs }),
    ...scenario.policy,
  }
  let harness = createMonitorHarness(t, policy, undefined, 1_000, false)
  const kubelet = createKubelet(() => harness, scenario)
  const startMs = harness.environment.nowMs
  const endMs = startMs + scenario.durationMs
  const sidecarRestarts = scenario.sidecarRestartsMs.map((afterMs) => startMs + afterMs).toSorted((a, b) => a - b)
  let exits = 0
  let survivals = 0
  const restartSidecar = (atMs: number) => {
    kubelet.advance(atMs)
    survivals += harness.countLines('did not happen')
    harness = createMonitorHarness(t, policy, harness.dir, atMs, false)
    watch()
  }
  const watch = () => {
    harness.environment.onPolled = () => kubelet.advance(harness.environment.nowMs)
  }
  watch()
  while (harness.environment.nowMs < endMs && kubelet.podEnded() === null) {
    const { environment } = harness
    kubelet.advance(environment.nowMs)
    await harness.step(kubelet.sample(environment.nowMs, policy.timeoutMs ?? 10_000))
    if (environment.exits.length > 0) {
      exits += 1
      restartSidecar(kubelet.endAll(environment.nowMs))
    } else if ((sidecarRestarts[0] ?? never) <= environment.nowMs) {
      sidecarRestarts.shift()
      restartSidecar(environment.nowMs + 2_000)
    }
  }
  return {
    kills: kubelet.kills,
    starts: kubelet.starts(),
    counted: harness.memory().restarts.length,
    endedMeanwhile: kubelet.endedMeanwhile(),
    exits,
    survivals: survivals + harness.countLines('did not happen'),
    podEnded: kubelet.podEnded(),
    hungForMs: kubelet.hungForMs(),
  }
}

function createKubelet(harness: () => Harness, scenario: Scenario) {
  const { lives, graceMs, backoffMs, startupProbe, livenessDelayMs } = scenario
  const kills: Kill[] = []
  let index = 0
  let endedMeanwhile = 0
  /** The start of the driver before this one, if that driver ended by itself. */
  let crashedTicks: string | null = null
  let podEnded: number | null = null
  let atMs = harness().environment.nowMs
  let startMs = atMs + scenario.firstStartMs
  let startupPassed = !startupProbe
  let isRecorded = false
  let isIncomplete = false
  let failures = 0
  let ending: {
    readonly atMs: number
    readonly exitCode: number
    readonly kill: Omit<Kill, 'runsAgain'> | null
  } | null = null

  const life = () => lives[Math.min(index, lives.length - 1)] ?? healthy
  const ageMs = () => atMs - startMs
  const isClosed = () => ageMs() >= life().closesAfterMs
  const isHealthy = () => ageMs() < life().hangsAfterMs && (!isClosed() || life().worksOn)

  const startNext = (nextMs: number) => {
    index += 1
    startMs = nextMs
    startupPassed = !startupProbe
    isRecorded = false
    isIncomplete = false
    failures = 0
    ending = null
  }
  const end = (exitCode: number, kill: Omit<Kill, 'runsAgain'> | null) => {
    const runsAgain = startsAgain(scenario.restarts, exitCode)
    if (kill !== null) kills.push({ ...kill, runsAgain })
    else if (runsAgain) crashedTicks = ticksOf(startMs)
    if (runsAgain) startNext(atMs + backoffMs)
    else podEnded = exitCode
  }
  const describeKill = (exitCode: Kill['exitCode']) => ({
    life: index,
    isHealthy: isHealthy(),
    isClosed: isClosed(),
    exitCode,
  })

  const record = () => {
    isIncomplete = scenario.partialRecords && !isIncomplete
    if (isIncomplete) return harness().write('processes', ticksOf(startMs).slice(0, 2))
    isRecorded = true
    harness().record(`${ticksOf(startMs)}\nj S ${computeCpuTicks(life(), ageMs())} 0 40 ${ticksOf(startMs)}\nend\n`)
  }
  const probeLiveness = () => {
    record()
    const [about, howItEnds] = harness().read('hung')?.split('\n') ?? []
    const [signal, jvm = ticksOf(startMs)] = howItEnds?.split(' ') ?? []
    const isAboutThis = about === ticksOf(startMs) && jvm === ticksOf(startMs)
    if (isAboutThis && scenario.signalled) {
      const exitCode = signal === 'ALRM' ? 142 : 137
      return end(exitCode, describeKill(exitCode))
    }
    failures = isAboutThis || about === '*' ? failures + 1 : 0
    if (failures === 3) ending = { atMs: atMs + graceMs, exitCode: 143, kill: describeKill(143) }
  }
  const noticeStart = () => {
    const { pendingRestart, driverStartTicks } = harness().memory()
    if (pendingRestart !== null && driverStartTicks === crashedTicks) endedMeanwhile += 1
    crashedTicks = null
  }
  const runProbe = () => {
    if (startupPassed && isIncomplete) record()
    if (!startupPassed) {
      record()
      startupPassed = harness().read('starting') === null
    } else if (ageMs() >= livenessDelayMs && Math.floor(ageMs() / 1_000) % 10 === 0) probeLiveness()
  }
  const tick = () => {
    if (podEnded !== null || atMs < startMs) return
    if (crashedTicks !== null) noticeStart()
    if (ending !== null && atMs >= ending.atMs) end(ending.exitCode, ending.kill)
    else if (ending === null && ageMs() >= life().crashesAfterMs) end(1, null)
    else if (ending === null) runProbe()
  }

  return {
    kills,
    starts: () => index + 1,
    endedMeanwhile: () => endedMeanwhile,
    podEnded: () => podEnded,
    hungForMs: () =>
      isRecorded && ending === null && podEnded === null ? Math.max(0, ageMs() - life().hangsAfterMs) : 0,
    advance(untilMs: number) {
      for (; atMs + 1_000 <= untilMs; atMs += 1_000) tick()
    },
    /** The sidecar has exited with code 88. Returns when it starts again. */
    endAll(nowMs: number): number {
      if (!scenario.restartsAll) return nowMs + 1_000
      if (atMs < startMs) {
        startMs = nowMs + 2_000
        return nowMs + 1_000
      }
      kills.push({ ...describeKill(88), runsAgain: true })
      // A probe may still run while the containers end.
      record()
      startNext(nowMs + graceMs + 1_000)
      return nowMs + graceMs
    },
    sample(nowMs: number, timeoutMs: number): Sample {
      const sinceMs = nowMs - startMs
      const { uiAfterMs, hangsAfterMs, pausesAfterMs, pauseMs, closesAfterMs } = life()
      if (sinceMs < uiAfterMs || sinceMs >= closesAfterMs || ending !== null) return refused
      const pauses = sinceMs >= pausesAfterMs && sinceMs < pausesAfterMs + pauseMs
      if (sinceMs < hangsAfterMs && !pauses) return alive
      return { kind: 'failing', cause: 'timeout', detail: 'no response', tookMs: timeoutMs }
    },
  }
}

const ticksOf = (startMs: number) => String(Math.round((bootedBeforeMs + startMs) / 10))

/** Half a core while it works. */
function computeCpuTicks({ hangsAfterMs, isBusy, closesAfterMs, worksOn }: Life, ageMs: number): number {
  const idleAfterMs = Math.min(isBusy ? never : hangsAfterMs, worksOn ? never : closesAfterMs)
  return Math.floor(Math.min(ageMs, idleAfterMs) / 20)
}

function startsAgain(restarts: Scenario['restarts'], exitCode: number): boolean {
  switch (restarts) {
    case 'none':
      return false
    case 'code 142':
      return exitCode === 142
    case 'failures':
      return exitCode !== 0
    case 'all':
      return true
  }
}
