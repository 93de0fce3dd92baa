import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import type { Sample } from '../../core/verdict/verdict.ts'
import { createLog } from '../../sidecar/log.ts'
import { createPoller } from '../../sidecar/poller.ts'
import { formatAddress } from '../../spark-ui/ui-address.ts'
import { policyWith } from './policies.ts'

const list: Sample = { kind: 'alive', evidence: 'application' }
const refused: Sample = { kind: 'refused' }
const timeout: Sample = { kind: 'failing', cause: 'timeout', detail: 'no answer', tookMs: 10_000 }
const [at4040, at4041] = ['http://127.0.0.1:4040', 'http://127.0.0.1:4041']

/** A poller in a world where `answers` says who answers where; all else refuses. */
function rig(policy: Partial<DriverPolicy> = {}) {
  const world = { answers: {} as Record<string, Sample> }
  const poller = createPoller(policyWith(policy), {
    uiClient: {
      poll: async (address) => ({ sample: world.answers[formatAddress(address)] ?? refused, listedId: null }),
      fetchWork: async () => undefined,
    },
    readProperties: () => null,
    podAddresses: () => [],
    listeningPorts: () => new Set(),
    log: createLog(
      'error',
      () => {},
      () => 0,
    ),
  })
  const poll = async (nowMs: number, answered: boolean) =>
    (await poller.poll({ nowMs, answered, stalled: false })).sample.kind
  return { world, poll, poller }
}

test('a driver whose container was started again may have its UI on another port than before', async () => {
  const { world, poll } = rig()
  world.answers = { [at4041]: list }
  assert.equal(await poll(0, false), 'alive')
  world.answers = { [at4040]: list }
  assert.equal(await poll(5_000, true), 'refused')
  assert.equal(await poll(30_000, true), 'alive')
  assert.equal(await poll(35_000, true), 'alive')
})

test('while it is looked for, only its own place counts: what answers wrongly elsewhere is not this driver', async () => {
  const { world, poll } = rig()
  world.answers = { [at4041]: list, [at4040]: { kind: 'other', detail: 'spark-x' } }
  assert.equal(await poll(0, false), 'alive')
  world.answers = { [at4040]: timeout }
  for (const nowMs of [5_000, 40_000, 60_000]) assert.equal(await poll(nowMs, true), 'refused')
})

test('a place that fails is asked on: a hung driver is looked for nowhere else', async () => {
  const { world, poll } = rig()
  world.answers = { [at4040]: list }
  await poll(0, false)
  world.answers = { [at4040]: timeout, [at4041]: list }
  assert.equal(await poll(60_000, true), 'failing')
})

test('the next driver of the pod is asked where the first was expected', async () => {
  const { world, poll, poller } = rig()
  world.answers = { [at4041]: list }
  await poll(0, false)
  poller.forget()
  world.answers = { [at4040]: list }
  assert.equal(await poll(1_000, false), 'alive')
  assert.equal(poller.uiStatus().ui, at4040)
})

for (const evidence of ['not-started', 'authentication', 'redirect'] as const) {
  test(`on the node's network, ${evidence} may be the answer of any driver there`, async () => {
    const { world, poll } = rig({ hostNetwork: true })
    world.answers = { [at4040]: { kind: 'alive', evidence } }
    assert.equal(await poll(0, false), 'other')
    world.answers = { ...world.answers, [at4041]: list }
    assert.equal(await poll(5_000, false), 'alive')
    const own = rig()
    own.world.answers = world.answers
    assert.equal(await own.poll(0, false), 'alive')
  })
}
