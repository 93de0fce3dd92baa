import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ControllerConfig } from '../../../webhook/config/controller-config.ts'
import { until } from '../../kubernetes/fixture.ts'
import { createdMs, driverPod, iso, terminated } from '../../support/driver-pods.ts'
import {
  applications,
  type ControllerRig,
  changed,
  controllerRig,
  defaultConfig,
  leading,
  pods,
} from './controller-harness.ts'

const nowMs = createdMs + 600_000
const hung = 20

type Answer = Parameters<ControllerRig['api']['intercept']>[0]
/** That outlasts the two minutes by which the clock is set forward. */
const lasting = { durationMs: 600_000, renewDeadlineMs: 500_000, retryMs: 2_000 }

/** Many drivers, each with an owner that makes another, whose sidecars have concluded and whose kubelets do not act. */
async function allHang(
  t: TestContext,
  config: Partial<ControllerConfig>,
  answer: (rig: ControllerRig) => Answer = () => () => undefined,
) {
  const rig = await controllerRig(t)
  rig.setNow(nowMs)
  rig.start({ fallback: { ...defaultConfig.fallback, mode: 'delete' }, ...config }, lasting)
  await leading(rig)
  const state = terminated(88, nowMs - 180_000)
  for (let index = 0; index < hung; index += 1) {
    const owner = { name: `app-${index}`, uid: `uid-app-${index}` }
    rig.api.set(applications, {
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplication',
      metadata: { namespace: 'spark', ...owner, generation: 1 },
      spec: { restartPolicy: { type: 'Always' } },
    })
    rig.api.set(pods, driverPod({ name: `app-${index}-driver`, owner, sidecar: { state } }))
  }
  // They are seen, and their kubelets have had their time.
  await rig.edges.sleep(1_000, rig.signal)
  rig.api.intercept(answer(rig))
  rig.setNow(nowMs + 121_000)
  rig.api.set(pods, driverPod({ name: 'awake-driver' }))
  const decisions = (result: string) =>
    rig.lines.filter(({ line }) => line.event === 'decision' && line.action === 'delete-pod' && line.result === result)
  const deletes = () => rig.api.requests.filter((line) => line.startsWith('DELETE ')).length
  return { ...rig, decisions, deletes }
}

/** Deletes at once, and is long in saying so. */
const slowly =
  ({ api }: ControllerRig): Answer =>
  (method, path) => {
    if (method !== 'DELETE') return undefined
    const pod = api.list(pods).find(({ metadata }) => path.endsWith(`/pods/${metadata.name}`))
    if (pod === undefined) return undefined
    const deletionTimestamp = iso(nowMs + 151_000)
    api.set(pods, changed(pod, { metadata: { ...pod.metadata, deletionTimestamp } }))
    return { status: 200, body: { apiVersion: 'v1', kind: 'Pod' }, delayMs: 300 }
  }

test('deletions under way count: with a slow API server no budget is overdrawn', async (t) => {
  const rails = { ...defaultConfig.safeguards, perNamespace: 3, breakerShare: 1 }
  const rig = await allHang(t, { safeguards: rails }, slowly)
  await until(() => rig.decisions('suppressed').length === hung - 3, 'the others are left alone')
  await until(() => rig.decisions('ok').length === 3, 'three deletions')
  assert.equal(rig.deletes(), 3)
  const whys = new Set(rig.decisions('suppressed').map(({ line }) => line.why))
  assert.deepEqual([...whys], ['namespace-budget'])
})

test('the breaker: where all hang at once none is deleted', async (t) => {
  const rig = await allHang(t, {}, slowly)
  await until(() => rig.decisions('suppressed').length === hung, 'all are left alone')
  assert.equal(rig.deletes(), 0)
})

test('what is left alone is logged though no Event can be told', async (t) => {
  const rails = { ...defaultConfig.safeguards, perCluster: 0 }
  const rig = await allHang(
    t,
    { safeguards: rails },
    () => (method, path) =>
      method === 'POST' && path.includes('/events') ? { status: 201, body: {}, delayMs: 5_000 } : undefined,
  )
  await until(() => rig.decisions('suppressed').length === hung, 'all decisions')
  assert.ok(rig.calls().length <= 8, 'while no more is asked than may be at a time')
})
