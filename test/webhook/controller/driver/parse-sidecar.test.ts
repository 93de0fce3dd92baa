import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toRecord, toRecords } from '../../../../core/json.ts'
import type { Assessment } from '../../../../webhook/controller/assess/assess.ts'
import { findBlockingSidecar } from '../../../../webhook/controller/assess/startup-blocked.ts'
import { chooseAction } from '../../../../webhook/controller/decide/choose-action.ts'
import { parseDriver } from '../../../../webhook/controller/driver/parse-driver.ts'
import { createdMs, iso, startupBlockedPod, waiting } from '../../../support/driver-pods.ts'
import { permissiveSafeguards } from './drivers.ts'

describe('findBlockingSidecar', () => {
  test('a sidecar that waits for an earlier native sidecar to start → does not block the startup', () => {
    const pod = startupBlockedPod(waiting('PodInitializing'))
    const [spec, status] = [toRecord(pod.spec), toRecord(pod.status)]
    const proxy = { name: 'istio-proxy', image: 'istio', restartPolicy: 'Always', startupProbe: {} }
    const state = { running: { startedAt: iso(createdMs + 4_000) } }
    const driver = parseDriver({
      ...pod,
      spec: { ...spec, initContainers: [proxy, ...(spec.initContainers as readonly object[])] },
      status: {
        ...status,
        initContainerStatuses: [
          { name: 'istio-proxy', started: false, state },
          ...(status.initContainerStatuses as readonly object[]),
        ],
      },
    })
    assert.ok(driver)
    assert.equal(findBlockingSidecar(driver), undefined)
  })
})

describe('parseDriver', () => {
  const blocked: Assessment = {
    kind: 'startup-blocked',
    cause: { reason: 'ErrImagePull', detail: '', blamesImage: true, patienceMs: 0 },
    sinceMs: 0,
  }

  /** Pods whose driver and sidecar have images of this length that differ in the last character. */
  const parseImages = (length: number) => {
    const pod = startupBlockedPod(waiting('ImagePullBackOff'))
    const spec = toRecord(pod.spec)
    const containers = toRecords(spec.containers).map((container) => ({
      ...container,
      image: `${'x'.repeat(length - 1)}d`,
    }))
    const initContainers = toRecords(spec.initContainers).map((container) => ({
      ...container,
      image: `${'x'.repeat(length - 1)}s`,
    }))
    const driver = parseDriver({ ...pod, spec: { ...spec, containers, initContainers } })
    assert.ok(driver?.sidecar)
    return { driver, sidecar: driver.sidecar }
  }

  test('images of up to 1,024 characters → are kept whole, and the driver’s is used for a bypass', () => {
    const { driver, sidecar } = parseImages(1_024)
    assert.deepEqual([driver.driver.image.length, sidecar.image.length, sidecar.bypass], [1_024, 1_024, null])
    const choice = chooseAction(driver, blocked, permissiveSafeguards())
    assert.deepEqual(choice, { kind: 'bypass-sidecar', image: `${'x'.repeat(1_023)}d` })
  })

  test('longer images → are unknown: they are not compared, and none replaces the sidecar’s', () => {
    const { driver, sidecar } = parseImages(1_025)
    assert.deepEqual([driver.driver.image, sidecar.image, sidecar.bypass], ['', '', null])
    assert.deepEqual(chooseAction(driver, blocked, permissiveSafeguards()), { kind: 'report' })
  })
})
