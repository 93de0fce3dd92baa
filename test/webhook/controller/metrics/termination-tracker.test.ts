import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseDriver } from '../../../../webhook/controller/driver/parse-driver.ts'
import { createTerminationTracker } from '../../../../webhook/controller/metrics/termination-tracker.ts'
import { driverPod, iso, running, terminated, waiting } from '../../../support/driver-pods.ts'
import { nowMs } from '../hung-scenario.ts'

/** As the kubelet of 1.36.3 leaves it: without times. */
const removed = {
  terminated: { exitCode: 137, finishedAt: null, startedAt: null, reason: 'RestartingAllContainers' },
}

function createRecordingTracker() {
  const recorded: string[] = []
  const tracker = createTerminationTracker(
    { recordTermination: (_namespace, _application, cause) => recorded.push(cause), recordRecovery: () => {} },
    () => nowMs,
  )
  return { tracker, recorded }
}

describe('createTerminationTracker', () => {
  test('a driver restarted in place → the recovery time is recorded once', () => {
    const recovered: number[] = []
    let timeMs = nowMs
    const endings = createTerminationTracker(
      { recordTermination: () => {}, recordRecovery: (seconds) => recovered.push(seconds) },
      () => timeMs,
    )
    const [before, exited, again] = [
      parseDriver(driverPod()),
      parseDriver(driverPod({ sidecar: { state: terminated(88, nowMs) } })),
      parseDriver(driverPod({ restarts: 1, state: running(nowMs + 2_000), lastState: removed })),
    ]
    assert.ok(before && exited && again)
    endings.changed(exited, before, null)
    timeMs = nowMs + 14_000
    endings.changed({ ...again, readySinceMs: nowMs + 13_000 }, exited, null)
    endings.changed({ ...again, readySinceMs: nowMs + 15_000 }, again, null)
    assert.equal(recovered.length, 1)
  })

  const restartedThenStuck = {
    restarts: 1,
    state: waiting('ImagePullBackOff'),
    lastState: terminated(137, nowMs),
    sidecar: { state: running(nowMs), lastState: terminated(88, nowMs) },
  }
  const causes = [
    ['stuck', 'deleted'],
    ['hung', 'hung'],
    [null, 'deleted'],
  ] as const
  for (const [requestedBecause, expected] of causes) {
    test(`a restarted driver in image pull is removed, deletion requested: ${requestedBecause} → ${expected}`, () => {
      const { tracker, recorded } = createRecordingTracker()
      const driver = parseDriver(driverPod(restartedThenStuck))
      assert.ok(driver)
      tracker.gone(driver, requestedBecause)
      assert.deepEqual(recorded, [expected])
    })
  }

  test('a restarted driver is stuck in image pull and its pod fails after its deletion → deleted', () => {
    const { tracker, recorded } = createRecordingTracker()
    const before = parseDriver(driverPod(restartedThenStuck))
    const failed = parseDriver(driverPod({ ...restartedThenStuck, phase: 'Failed', deletionTimestamp: iso(nowMs) }))
    assert.ok(before && failed)
    tracker.changed(failed, before, 'stuck')
    assert.deepEqual(recorded, ['deleted'])
  })

  const endedByProbe = terminated(142, nowMs, { message: 'frozen: no answer' })
  const ends = [
    ['restarted in its container', { restarts: 1, state: running(nowMs), lastState: endedByProbe }],
    ['failed', { phase: 'Failed', state: endedByProbe }],
  ] as const
  for (const [what, options] of ends) {
    test(`a driver that the probe ended, ${what} → hung`, () => {
      const { tracker, recorded } = createRecordingTracker()
      const [before, after] = [parseDriver(driverPod()), parseDriver(driverPod(options))]
      assert.ok(before && after)
      tracker.changed(after, before, null)
      assert.deepEqual(recorded, ['hung'])
    })
  }

  test('a driver with the same exit code but without the reason of a hang → error', () => {
    const { tracker, recorded } = createRecordingTracker()
    const end = terminated(142, nowMs)
    const [before, after] = [parseDriver(driverPod()), parseDriver(driverPod({ phase: 'Failed', state: end }))]
    assert.ok(before && after)
    tracker.changed(after, before, null)
    assert.deepEqual(recorded, ['error'])
  })
})
