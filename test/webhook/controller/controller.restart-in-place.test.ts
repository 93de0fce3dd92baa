import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findStuck, findWaitReason } from '../../../webhook/controller/assess/startup-delay.ts'
import { areManyStuck } from '../../../webhook/controller/decide/startup-breaker.ts'
import { createdMs, iso, running, waiting } from '../../support/driver-pods.ts'
import { createDriver } from './driver/drivers.ts'

const dayMs = 86_400_000
const again = (reason: string) =>
  createDriver({
    ready: false,
    restarts: 1,
    state: waiting(reason),
    status: {
      conditions: [
        { type: 'PodScheduled', status: 'True', lastTransitionTime: iso(createdMs) },
        { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: iso(createdMs) },
        { type: 'Ready', status: 'False', lastTransitionTime: iso(createdMs + dayMs) },
      ],
    },
  })

describe('controller: restart in place', () => {
  test('a restart in place of an old pod that has just begun → not stuck', () => {
    assert.equal(findStuck(again('RestartingAllContainers'), createdMs + dayMs + 1_000), undefined)
  })

  test('drivers restarted after a long run → are compared only with drivers started since', () => {
    const sick = [again('ErrImagePull'), again('ErrImagePull'), again('ErrImagePull')]
    const well = Array.from({ length: 20 }, () => createDriver({ state: running(createdMs + 60_000) }))
    const wait = findWaitReason(again('ErrImagePull'))
    assert.ok(wait)
    assert.equal(
      areManyStuck(wait, [...sick, ...well], createdMs + dayMs + 600_000, 0.2, () => null),
      true,
    )
  })
})
