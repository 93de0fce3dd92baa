import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { toRecord } from '../../../core/json.ts'
import { until } from '../../kubernetes/fixture.ts'
import { createdMs, driverPod, heldBackPod, iso, running, waiting } from '../../support/driver-pods.ts'
import { applications, changed, controllerRig, defaultConfig, pods } from './controller-harness.ts'
import { application, owner } from './hung-scenario.ts'

const deleting = { fallback: { ...defaultConfig.fallback, mode: 'delete' as const } }
/** That outlasts the times by which the clock is set forward. */
const lasting = { durationMs: 6_000_000, renewDeadlineMs: 5_000_000, retryMs: 2_000 }
const isDeletion = (method: string, path: string) => method === 'DELETE' && path.includes('/pods/')
const comeBackIn = (seconds: number) => ({
  status: 429,
  body: { kind: 'Status' },
  headers: { 'retry-after': `${seconds}` },
})

/** What a sidecar says of its driver, which a paused kubelet does nothing about. */
async function sidecar(t: TestContext) {
  let isHung = true
  const server = createServer((_request, response) => {
    const [state, now] = isHung ? ['hung', 'fail'] : ['alive', 'none']
    const since = iso(createdMs)
    const verdict = { reason: 'unresponsive', detail: 'timeout', since, action: { onHung: 'fail-pod', now } }
    response.end(JSON.stringify({ state, ...verdict }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const recover = () => {
    isHung = false
  }
  return { port, recover }
}

test('a driver that answers again while its deletion is put off is left alone', async (t) => {
  const rig = await controllerRig(t)
  const nowMs = createdMs + 1_200_000
  rig.setNow(nowMs)
  const { port, recover } = await sidecar(t)
  rig.api.set(applications, application)
  let tries = 0
  rig.api.intercept((method, path) => {
    if (!isDeletion(method, path)) return undefined
    tries += 1
    recover()
    return comeBackIn(40)
  })
  const [state, podIp] = [running(createdMs + 5_000), '127.0.0.1']
  rig.api.set(pods, driverPod({ owner, state, ready: false, podIp, sidecar: { port } }))
  rig.start(deleting, lasting)
  await until(() => tries === 1, 'a try')
  await until(() => rig.lines.some(({ line }) => line.event === 'action-failed'), 'its answer')
  // Before the sidecar would be asked again anyway.
  rig.setNow(nowMs + 41_000)
  rig.api.set(pods, driverPod({ name: 'awake-driver' }))
  await until(() => rig.lines.some(({ line }) => line.event === 'deletion-revoked'), 'the record')
  assert.equal(tries, 1)
})

test('a driver is let go though its deletion, for another reason, is put off', async (t) => {
  const rig = await controllerRig(t)
  rig.setNow(createdMs + 60_000)
  rig.api.set(applications, application)
  rig.api.intercept((method, path) => (isDeletion(method, path) ? comeBackIn(600) : undefined))
  const pod = heldBackPod(waiting('InvalidImageName'), {
    owner,
    annotations: { 'spark-nanny.io/pending-deadline': '10m' },
  })
  const { nodeName: _none, ...spec } = toRecord(pod.spec)
  const unplaced = [{ type: 'PodScheduled', status: 'False', message: 'no cpu' }]
  rig.api.set(pods, changed(pod, { spec, status: { phase: 'Pending', conditions: unplaced } }))
  rig.start(deleting, lasting)
  await rig.edges.sleep(500, rig.signal)
  rig.setNow(createdMs + 661_000)
  rig.api.set(pods, driverPod({ name: 'awake-driver' }))
  await until(() => rig.lines.some(({ line }) => line.event === 'action-failed'), 'a refused deletion')
  rig.api.set(pods, pod)
  const isRescue = (line: string) => line.startsWith('PATCH') && line.includes('/pods/')
  await until(() => rig.calls().some(isRescue), 'a rescue')
})
