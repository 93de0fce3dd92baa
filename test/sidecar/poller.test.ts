import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import type { Sample, Work } from '../../core/verdict/verdict.ts'
import { createLog } from '../../sidecar/log.ts'
import { createPoller } from '../../sidecar/poller.ts'
import { formatAddress } from '../../spark-ui/ui-address.ts'
import { policyWith } from './policies.ts'

const alive: Sample = { kind: 'alive', evidence: 'application' }
const page: Sample = { kind: 'alive', evidence: 'not-started' }
const refused: Sample = { kind: 'refused' }

/** A poller in a world where `answers` says who answers where; all else refuses. */
function rig(policy: Partial<DriverPolicy> = {}) {
  const world = {
    answers: {} as Record<string, Sample>,
    properties: null as Record<string, string> | null,
    listening: new Set<number>(),
    work: undefined as Work | undefined,
    asked: [] as string[],
  }
  const poller = createPoller(policyWith(policy), {
    uiClient: {
      async poll(address) {
        world.asked.push(formatAddress(address))
        const sample = world.answers[formatAddress(address)] ?? refused
        return { sample, listedId: sample === alive ? 'spark-1' : null }
      },
      async fetchWork() {
        world.asked.push('jobs')
        return world.work
      },
    },
    readProperties: () => (world.properties === null ? null : new Map(Object.entries(world.properties))),
    podAddresses: () => [],
    listeningPorts: () => world.listening,
    log: createLog(
      'error',
      () => {},
      () => 0,
    ),
  })
  const poll = async (nowMs = 0, flags: { answered?: boolean; stalled?: boolean } = {}) => {
    world.asked = []
    return (await poller.poll({ nowMs, answered: false, stalled: false, ...flags })).sample
  }
  return { world, poll, poller }
}

test('a UI that moved on to the next port is found, and asked there from then on', async () => {
  const { world, poll } = rig()
  world.answers = { 'http://127.0.0.1:4040': { kind: 'other', detail: 'spark-x' }, 'http://127.0.0.1:4042': alive }
  assert.equal((await poll()).kind, 'alive')
  await poll(5_000)
  assert.deepEqual(world.asked, ['http://127.0.0.1:4042'])
  world.answers = {}
  assert.equal((await poll(10_000)).kind, 'refused')
  assert.deepEqual(world.asked, ['http://127.0.0.1:4042'])
})

test('it is not believed to be another one’s, nor looked for where it has proven to be', async () => {
  const { world, poll } = rig()
  world.answers = { 'http://127.0.0.1:4041': page }
  assert.equal((await poll()).kind, 'refused')
  world.answers = { 'http://127.0.0.1:4040': alive }
  await poll(5_000)
  world.answers = { 'http://127.0.0.1:4041': alive }
  assert.equal((await poll(10_000, { answered: true })).kind, 'refused')
})

test('the search is not made with every poll', async () => {
  const { world, poll } = rig()
  await poll(0)
  assert.equal(world.asked.length, 17)
  await poll(1_000)
  assert.equal(world.asked.length, 1)
  await poll(5_000)
  assert.equal(world.asked.length, 17)
})

test('after the starting page the UI may turn out to be another one’s', async () => {
  const { world, poll } = rig()
  world.answers = { 'http://127.0.0.1:4040': page }
  assert.equal((await poll()).kind, 'alive')
  world.answers = { 'http://127.0.0.1:4040': { kind: 'other', detail: 'spark-x' }, 'http://127.0.0.1:4041': alive }
  assert.equal((await poll(5_000, { answered: true })).kind, 'alive')
})

test('without an id nothing is searched', async () => {
  const { world, poll } = rig({ applicationId: null })
  world.answers = { 'http://127.0.0.1:4041': alive }
  assert.equal((await poll()).kind, 'refused')
})

test('properties that come late are read', async () => {
  const { world, poll, poller } = rig()
  assert.equal((await poll()).kind, 'refused')
  world.properties = { 'spark.ui.enabled': 'false' }
  assert.deepEqual(await poll(1_000), { kind: 'other', detail: 'spark.ui.enabled=false' })
  assert.deepEqual(world.asked, [])
  assert.equal(poller.uiStatus().ui, 'spark.ui.enabled=false')
})

test('a UI that the program itself switched off: the block manager listens, the UI never did', async () => {
  const { world, poll } = rig()
  world.properties = { 'spark.driver.blockManager.port': '7079' }
  assert.equal((await poll()).kind, 'refused')
  world.listening = new Set([7079])
  assert.equal((await poll(1_000)).kind, 'other')
  assert.equal((await poll(2_000, { answered: true })).kind, 'refused')
})

test('jobs are asked for only when a stall is to be found, and no more often than needed', async () => {
  const off = rig()
  off.world.answers = { 'http://127.0.0.1:4040': alive }
  await off.poll()
  assert.deepEqual(off.world.asked, ['http://127.0.0.1:4040'])

  const { world, poll } = rig({ stallDeadlineMs: 60_000 })
  world.answers = { 'http://127.0.0.1:4040': alive }
  world.work = { jobs: [{ id: 1, endedTasks: 2 }] }
  assert.deepEqual(await poll(0), { ...alive, work: world.work })
  assert.deepEqual(await poll(5_000), alive)
  assert.deepEqual(await poll(14_999), alive)
  assert.deepEqual(await poll(15_000), { ...alive, work: world.work })
  assert.deepEqual(await poll(15_001, { stalled: true }), { ...alive, work: world.work })
  world.work = undefined
  assert.deepEqual(await poll(30_001), alive)
})

test('a UI that does not list the application cannot be asked for jobs', async () => {
  const { world, poll } = rig({ stallDeadlineMs: 60_000 })
  world.answers = { 'http://127.0.0.1:4040': { kind: 'alive', evidence: 'authentication' } }
  await poll()
  assert.deepEqual(world.asked, ['http://127.0.0.1:4040'])
})
