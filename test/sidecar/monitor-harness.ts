import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import type { Observation, Sample } from '../../core/verdict/witnesses.ts'
import { createSidecarLog } from '../../sidecar/log.ts'
import { createMonitor } from '../../sidecar/monitor.ts'
import type { Poll, PollRequest } from '../../sidecar/poller.ts'
import type { RestartState } from '../../sidecar/restart-state.ts'
import { openVerdictFiles } from '../../sidecar/verdict-files.ts'
import { policyWith } from '../support/driver-policy.ts'
import { recordOf } from '../support/process-record.ts'

export const alive: Sample = { kind: 'alive', evidence: 'application' }
export const refused: Sample = { kind: 'refused' }
export const other: Sample = { kind: 'other', detail: 'spark.ui.enabled=false' }
export const timeout: Sample = {
  kind: 'failing',
  cause: 'timeout',
  detail: 'no answer within 10000 ms',
  tookMs: 10_000,
}
/** The start of the driver before the tests' clock begins, as the probes record it. */
export const startTicks = '100'
/** The node has run for this long when the tests' clock is 0. */
export const bootedBeforeMs = 1_000
const startWallMs = Date.UTC(2026, 0, 31, 12)

/** A monitor with real files and a manual clock: each sample takes its time, and each delay passes immediately. */
export function createMonitorHarness(
  t: TestContext,
  policy: Partial<DriverPolicy> = {},
  existingDir?: string,
  nowMs = 1_000,
  driverRuns = policy.startupProbeTells !== true,
) {
  const dir = existingDir ?? mkdtempSync(join(tmpdir(), 'spark-nanny-watch-'))
  if (existingDir === undefined) t.after(() => rmSync(dir, { recursive: true, force: true }))
  const environment = {
    nowMs,
    wallSkewMs: 0,
    exits: [] as number[],
    message: '',
    lines: [] as string[],
    restartStateWriteFails: false,
    startedz: false,
    startupRepeats: false,
    requests: [] as PollRequest[],
    topFrame: null as { readonly text: string; readonly askedWallMs: number } | null,
    /** Called when a poll has taken its time, before it is judged. */
    onPolled: () => {},
  }
  let next: Observation = { ui: refused }
  // Short, so that a few failed polls lead to a verdict where the test is not about its deadline.
  const whole = policyWith({ unresponsiveDeadlineMs: 20_000, ...policy })
  const files = openVerdictFiles(dir)
  files.clear()
  // As a probe in the driver's container does.
  const record = (text: string) => {
    writeFileSync(join(dir, 'processes'), text)
    const writtenAt = (startWallMs + environment.nowMs) / 1_000
    utimesSync(join(dir, 'processes'), writtenAt, writtenAt)
  }
  if (driverRuns) record(recordOf(startTicks))
  const watch = createMonitor(whole, {
    clock: {
      monotonicMs: () => environment.nowMs,
      wallMs: () => startWallMs + environment.nowMs + environment.wallSkewMs,
    },
    poller: {
      async poll(request): Promise<Poll> {
        environment.requests.push(request)
        environment.nowMs += next.ui.kind === 'failing' ? next.ui.tookMs : 5
        environment.onPolled()
        return { observation: next, plannedMs: whole.timeoutMs, readingMs: 0 }
      },
      uiStatus: () => ({ ui: 'http://127.0.0.1:4040', proven: false, applicationId: whole.applicationId }),
      provenUi: () => null,
      readings: () => [],
      requestedBytes: () => ({ polls: 0, readings: 0 }),
      forget() {},
    },
    blackBox: { observe: () => {}, summaries: () => [], topFrame: () => environment.topFrame },
    files: {
      ...files,
      writeRestartState(memory) {
        if (environment.restartStateWriteFails) throw new Error('ENOSPC')
        files.writeRestartState(memory)
      },
    },
    writeTerminationMessage: (text) => {
      environment.message = text
    },
    exit: (code) => void environment.exits.push(code),
    probeWitness: {
      driverWasProbed: () => environment.startedz,
      takeRepeatedStartup() {
        const repeats = environment.startupRepeats
        environment.startupRepeats = false
        return repeats
      },
    },
    uptimeMs: () => environment.nowMs + bootedBeforeMs,
    log: createSidecarLog(
      'info',
      (line) => void environment.lines.push(line),
      () => environment.nowMs,
    ),
  })

  const step = async (observed: Sample | Observation): Promise<number | null> => {
    next = 'ui' in observed ? observed : { ui: observed }
    const delayMs = await watch.step()
    environment.nowMs += delayMs ?? 0
    return delayMs
  }
  return {
    dir,
    environment,
    step,
    snapshot: watch.snapshot,
    /** Repeats this sample until the duration has passed or the sidecar ends. */
    async during(sample: Sample | Observation, durationMs: number): Promise<void> {
      const untilMs = environment.nowMs + durationMs
      while (environment.nowMs < untilMs && environment.exits.length === 0) await step(sample)
    },
    files: () =>
      readdirSync(dir)
        .filter((name) => !['restart-state.json', 'processes', 'doubt'].includes(name))
        .toSorted()
        .join(' '),
    read: (name: string) => (existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : null),
    memory: (): RestartState => JSON.parse(readFileSync(join(dir, 'restart-state.json'), 'utf8')),
    write: (name: string, text: string) => writeFileSync(join(dir, name), text),
    /** As the probes of a driver's container that starts now. */
    startDriver: () => record(recordOf(String(Math.round((environment.nowMs + bootedBeforeMs) / 10)))),
    /** As a probe does at this moment. */
    record,
    countLines: (text: string) => environment.lines.filter((line) => line.includes(text)).length,
  }
}
