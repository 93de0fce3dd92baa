import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toRecord } from '../../../../core/json.ts'
import { findBlockingSidecar } from '../../../../webhook/controller/assess/startup-blocked.ts'
import { parseDriver } from '../../../../webhook/controller/driver/parse-driver.ts'
import { createdMs, iso, startupBlockedPod, waiting } from '../../../support/driver-pods.ts'

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
