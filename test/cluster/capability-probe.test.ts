import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  concludeCapabilities,
  createCapabilityProbe,
  type DatedProbe,
  probeServer,
  probeValidMs,
  type ServerProbe,
  unprobed,
  updateProbe,
} from '../../cluster/capability-probe.ts'
import { createDryRunPod, type DryRunRule, judgeDryRun } from '../../cluster/dry-run.ts'
import { computeNodeCapabilities, projectNode } from '../../cluster/nodes.ts'
import { createApiFixture, until } from '../support/api-fixture.ts'

const proved: ServerProbe = {
  nativeSidecars: 'yes',
  restartAllContainers: 'yes',
  containerRestartRules: 'yes',
  openShift: 'no',
}
const unknown: ServerProbe = {
  nativeSidecars: 'unknown',
  restartAllContainers: 'unknown',
  containerRestartRules: 'unknown',
  openShift: 'unknown',
}
const able = { nativeSidecars: true, restartAllContainers: true, containerRestartRules: true }
const unable = { nativeSidecars: false, restartAllContainers: false, containerRestartRules: false }
const nothing = { ...unable, openShift: false }
const at = (now: ServerProbe, nowMs: number, before: DatedProbe = unprobed) => updateProbe(before, now, nowMs)

describe('capability probe', () => {
  test('a proven capability → is available; a doubtful one is not', () => {
    const conclude = (changes: Partial<ServerProbe>, nodes = able) =>
      concludeCapabilities(at({ ...proved, ...changes }, 1), nodes, 1)
    assert.deepEqual(conclude({}), { ...able, openShift: false })
    assert.deepEqual(conclude({ openShift: 'yes' }), { ...able, openShift: true })
    assert.deepEqual(conclude({ openShift: 'unknown' }), nothing)
    assert.deepEqual(conclude({ nativeSidecars: 'no' }), nothing)
    for (const key of ['restartAllContainers', 'containerRestartRules'] as const) {
      const without = { ...able, openShift: false, [key]: false }
      assert.deepEqual(conclude({ [key]: 'no' }), without)
      assert.deepEqual(conclude({ [key]: 'unknown' }), without)
      assert.deepEqual(conclude({}, { ...able, [key]: false }), without)
    }
    assert.deepEqual(conclude({}, unable), nothing)
    assert.deepEqual(concludeCapabilities(unprobed, able, 1), nothing)
  })

  test('an API server that does not respond → the last result is kept for a while', () => {
    const known = at(proved, 1000)
    const soon = at(unknown, 1000 + probeValidMs, known)
    assert.deepEqual(concludeCapabilities(soon, able, 1000 + probeValidMs), { ...able, openShift: false })
    assert.deepEqual(concludeCapabilities(soon, able, 1001 + probeValidMs), nothing, 'even without another request')
    assert.deepEqual(concludeCapabilities(at(unknown, 1001 + probeValidMs, known), able, 1001 + probeValidMs), nothing)
    const revoked = at({ ...proved, restartAllContainers: 'no' }, 2000, known)
    assert.equal(concludeCapabilities(revoked, able, 2000).restartAllContainers, false, 'a no holds at once')
  })

  const node = (version: string, more: { unschedulable?: boolean; os?: string; features?: string[] } = {}) =>
    projectNode({
      metadata: { labels: { 'kubernetes.io/os': more.os ?? 'linux' } },
      spec: { unschedulable: more.unschedulable },
      status: { nodeInfo: { kubeletVersion: version }, ...(more.features && { declaredFeatures: more.features }) },
    })
  const feature = 'RestartAllContainersOnContainerExits'
  const nodeRows: readonly [string, readonly ReturnType<typeof node>[], boolean, boolean, boolean][] = [
    ['none', [], false, false, false],
    ['one of 1.36', [node('v1.36.3')], true, true, true],
    ['one of 1.36 that declares it', [node('v1.36.3', { features: [feature] })], true, true, true],
    ['one of 1.36 that declares others', [node('v1.36.3', { features: ['Other'] })], true, false, true],
    [
      'two, of which one declares nothing',
      [node('v1.36.3', { features: [feature] }), node('v1.36.3')],
      true,
      false,
      true,
    ],
    ['one of 1.35 beside', [node('v1.36.3'), node('v1.35.9')], true, false, true],
    ['one of 1.34 beside', [node('v1.36.3'), node('v1.34.4')], true, false, false],
    ['one before native sidecars beside', [node('v1.36.3'), node('v1.28.1')], false, false, false],
    ['an old one that is cordoned', [node('v1.36.3'), node('v1.28.1', { unschedulable: true })], true, true, true],
    ['an old one with Windows', [node('v1.36.3'), node('v1.28.1', { os: 'windows' })], true, true, true],
    ['only cordoned ones', [node('v1.36.3', { unschedulable: true })], false, false, false],
    ['one of a provider', [node('v1.36.3-eks-1234')], true, true, true],
    ['one that is no kubelet', [node('v1.36.3'), node('vk-azure-1')], false, false, false],
  ]
  for (const [name, nodes, nativeSidecars, restartAllContainers, containerRestartRules] of nodeRows) {
    test(`${name} → the capabilities of the nodes`, () => {
      const known = nodes.filter((item) => item !== undefined)
      assert.deepEqual(computeNodeCapabilities(known), { nativeSidecars, restartAllContainers, containerRestartRules })
    })
  }

  test('a dry run → proves only what the returned pod shows', () => {
    const answer = (status: number, body: unknown) => ({ kind: 'response', status, body }) as const
    const body = (rule: DryRunRule, of: 'initContainers' | 'containers', without: string) => {
      const pod = structuredClone(createDryRunPod(rule)) as { spec: Record<typeof of, Record<string, unknown>[]> }
      delete pod.spec[of][0]?.[without]
      return pod
    }
    const rules = ['none', 'restart-all-containers', 'restart-by-exit-code'] as const
    for (const rule of rules) {
      assert.equal(judgeDryRun(answer(201, createDryRunPod(rule)), rule), 'yes')
      assert.equal(judgeDryRun(answer(201, body(rule, 'initContainers', 'restartPolicy')), rule), 'no')
      assert.equal(judgeDryRun(answer(201, { spec: {} }), rule), 'no')
      assert.equal(judgeDryRun(answer(201, null), rule), 'no')
      assert.equal(judgeDryRun(answer(422, {}), rule), 'no', 'invalid')
      assert.equal(judgeDryRun(answer(403, {}), rule), 'unknown', 'a quota, a policy, our own rights')
      assert.equal(judgeDryRun(answer(500, {}), rule), 'unknown')
      assert.equal(judgeDryRun({ kind: 'failed', detail: 'timeout' }, rule), 'unknown')
    }
    const dropped = (rule: DryRunRule, of: 'initContainers' | 'containers', field: string) =>
      judgeDryRun(answer(201, body(rule, of, field)), rule)
    assert.equal(dropped('restart-all-containers', 'initContainers', 'restartPolicyRules'), 'no')
    assert.equal(dropped('restart-by-exit-code', 'containers', 'restartPolicyRules'), 'no')
    assert.equal(dropped('restart-by-exit-code', 'containers', 'restartPolicy'), 'no')
    assert.equal(judgeDryRun(answer(201, createDryRunPod('none')), 'restart-by-exit-code'), 'no')
  })

  test('a probe → dry runs in the namespace of spark-nanny', async (t) => {
    const { api, deps } = await createApiFixture(t)
    assert.deepEqual(await probeServer(deps.api, 'nanny'), proved)
    const posts = api.requests.filter((line) => line.startsWith('POST'))
    assert.equal(posts.length, 3)
    for (const line of posts) assert.match(line, /^POST \/api\/v1\/namespaces\/nanny\/pods\?dryRun=All&/)
  })

  test('a capability that disappears → is noticed by a later probe', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    const watched = createCapabilityProbe({
      ...deps,
      namespace: 'nanny',
      intervalMs: 20,
      nodes: () => able,
      nowMs: Date.now,
    })
    assert.equal(watched.hasProbed(), false)
    void watched.run(signal)
    await until(() => watched.current().restartAllContainers, 'the first answer')
    assert.equal(watched.hasProbed(), true)
    api.intercept((method) => (method === 'POST' ? { status: 422, body: { message: 'Unsupported value' } } : undefined))
    await until(() => !watched.current().nativeSidecars, 'the second')
  })
})
