import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseDriver } from '../../../../webhook/controller/driver/parse-driver.ts'
import { createTerminationTracker } from '../../../../webhook/controller/metrics/termination-tracker.ts'
import { driverPod, running, terminated } from '../../../support/driver-pods.ts'
import { nowMs } from '../hung-scenario.ts'

/** As the kubelet of 1.36.3 leaves it: without times. */
const removed = {
  terminated: { exitCode: 137, finishedAt: null, startedAt: null, reason: 'RestartingAllContainers' },
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
    endings.changed(exited, before, false)
    timeMs = nowMs + 14_000
    endings.changed({ ...again, readySinceMs: nowMs + 13_000 }, exited, false)
    endings.changed({ ...again, readySinceMs: nowMs + 15_000 }, again, false)
    assert.equal(recovered.length, 1)
  })
})
