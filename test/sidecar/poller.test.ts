import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import type { Observation, Sample } from '../../core/verdict/witnesses.ts'
import { createSidecarLog } from '../../sidecar/log.ts'
import { createPoller } from '../../sidecar/poller.ts'
import { formatAddress } from '../../spark-ui/ui-address.ts'
import { policyWith } from '../support/driver-policy.ts'

const alive: Sample = { kind: 'alive', evidence: 'application' }
const page: Sample = { kind: 'alive', evidence: 'not-started' }
const refused: Sample = { kind: 'refused' }

/** A poller of UIs that answer as in `answers`, by address. All other addresses refuse connections. */
function createHarness(policy: Partial<DriverPolicy> = {}) {
  const environment = {
    answers: {} as Record<string, Sample>,
    properties: null as Record<string, string> | null,
    listening: new Set<number>(),
    work: {} as Pick<Observation, 'jobs' | 'executors'>,
    asked: [] as string[],
  }
  const poller = createPoller(policyWith(policy), {
    uiClient: {
      async poll(address) {
        environment.asked.push(formatAddress(address))
        const sample = environment.answers[formatAddress(address)] ?? refused
        return { sample, listedId: sample === alive ? 'spark-1' : null }
      },
      async fetchWork() {
        environment.asked.push('jobs')
        return environment.work
      },
    },
    readProperties: () => (environment.properties === null ? null : new Map(Object.entries(environment.properties))),
    podAddresses: () => [],
    listeningPorts: () => environment.listening,
    log: createSidecarLog(
      'error',
      () => {},
      () => 0,
    ),
  })
  const poll = async (nowMs = 0, flags: { answered?: boolean; stalled?: boolean } = {}) => {
    environment.asked = []
    return (await poller.poll({ nowMs, answered: false, stalled: false, ...flags })).observation
  }
  return { environment, poll, poller }
}

describe('createPoller', () => {
  test('a UI on one of the next ports → found, and polled there from then on', async () => {
    const { environment, poll } = createHarness()
    environment.answers = {
      'http://127.0.0.1:4040': { kind: 'other', detail: 'spark-x' },
      'http://127.0.0.1:4042': alive,
    }
    assert.equal((await poll()).ui.kind, 'alive')
    await poll(5_000)
    assert.deepEqual(environment.asked, ['http://127.0.0.1:4042'])
    environment.answers = {}
    assert.equal((await poll(10_000)).ui.kind, 'refused')
    assert.deepEqual(environment.asked, ['http://127.0.0.1:4042'])
  })

  test('a UI that has proven its address → not searched for elsewhere', async () => {
    const { environment, poll } = createHarness()
    environment.answers = { 'http://127.0.0.1:4041': page }
    assert.equal((await poll()).ui.kind, 'refused')
    environment.answers = { 'http://127.0.0.1:4040': alive }
    await poll(5_000)
    environment.answers = { 'http://127.0.0.1:4041': alive }
    assert.equal((await poll(10_000, { answered: true })).ui.kind, 'refused')
  })

  test('repeated refusals → searched for every 5 s', async () => {
    const { environment, poll } = createHarness()
    await poll(0)
    assert.equal(environment.asked.length, 17)
    await poll(1_000)
    assert.equal(environment.asked.length, 1)
    await poll(5_000)
    assert.equal(environment.asked.length, 17)
  })

  test('another application after the starting page → the UI is searched for', async () => {
    const { environment, poll } = createHarness()
    environment.answers = { 'http://127.0.0.1:4040': page }
    assert.equal((await poll()).ui.kind, 'alive')
    environment.answers = {
      'http://127.0.0.1:4040': { kind: 'other', detail: 'spark-x' },
      'http://127.0.0.1:4041': alive,
    }
    assert.equal((await poll(5_000, { answered: true })).ui.kind, 'alive')
  })

  test('an unknown application id → no search', async () => {
    const { environment, poll } = createHarness({ applicationId: null })
    environment.answers = { 'http://127.0.0.1:4041': alive }
    assert.equal((await poll()).ui.kind, 'refused')
  })

  test('properties that appear later → used', async () => {
    const { environment, poll, poller } = createHarness()
    assert.equal((await poll()).ui.kind, 'refused')
    environment.properties = { 'spark.ui.enabled': 'false' }
    assert.deepEqual(await poll(1_000), { kind: 'other', detail: 'spark.ui.enabled=false' })
    assert.deepEqual(environment.asked, [])
    assert.equal(poller.uiStatus().ui, 'spark.ui.enabled=false')
  })

  test('a listening block manager without a UI → not refused but unknown', async () => {
    const { environment, poll } = createHarness()
    environment.properties = { 'spark.driver.blockManager.port': '7079' }
    assert.equal((await poll()).ui.kind, 'refused')
    environment.listening = new Set([7079])
    assert.equal((await poll(1_000)).ui.kind, 'other')
    assert.equal((await poll(2_000, { answered: true })).ui.kind, 'refused')
  })

  test('a stall deadline → the jobs are read, but not with every poll', async () => {
    const off = createHarness()
    off.environment.answers = { 'http://127.0.0.1:4040': alive }
    await off.poll()
    assert.deepEqual(off.environment.asked, ['http://127.0.0.1:4040'])

    const { environment, poll } = createHarness({ stallDeadlineMs: 60_000 })
    environment.answers = { 'http://127.0.0.1:4040': alive }
    environment.work = { jobs: { jobs: [{ id: 1, endedTasks: 2, activeTasks: 1, streaming: null }] } }
    assert.deepEqual(await poll(0), { ui: alive, ...environment.work })
    assert.deepEqual(await poll(5_000), { ui: alive })
    assert.deepEqual(await poll(14_999), { ui: alive })
    assert.deepEqual(await poll(15_000), { ui: alive, ...environment.work })
    assert.deepEqual(await poll(15_001, { stalled: true }), { ui: alive, ...environment.work })
    environment.work = {}
    assert.deepEqual(await poll(30_001), { ui: alive })
  })

  test('a UI that does not list the application → its jobs are not read', async () => {
    const { environment, poll } = createHarness({ stallDeadlineMs: 60_000 })
    environment.answers = { 'http://127.0.0.1:4040': { kind: 'alive', evidence: 'authentication' } }
    await poll()
    assert.deepEqual(environment.asked, ['http://127.0.0.1:4040'])
  })
})

describe('createPoller: moved UI', () => {
  const list: Sample = { kind: 'alive', evidence: 'application' }
  const timeout: Sample = { kind: 'failing', cause: 'timeout', detail: 'no answer', tookMs: 10_000 }
  const [at4040, at4041] = ['http://127.0.0.1:4040', 'http://127.0.0.1:4041']

  function createMovedUiHarness(policy: Partial<DriverPolicy> = {}) {
    const { environment, poll, poller } = createHarness(policy)
    const pollKind = async (nowMs: number, answered: boolean) => (await poll(nowMs, { answered })).ui.kind
    return { environment, poll: pollKind, poller }
  }

  test('a restarted driver container → its UI is found on another port', async () => {
    const { environment, poll } = createMovedUiHarness()
    environment.answers = { [at4041]: list }
    assert.equal(await poll(0, false), 'alive')
    environment.answers = { [at4040]: list }
    assert.equal(await poll(5_000, true), 'refused')
    assert.equal(await poll(30_000, true), 'alive')
    assert.equal(await poll(35_000, true), 'alive')
  })

  test('a failure at another address during the search → the driver is not failing', async () => {
    const { environment, poll } = createMovedUiHarness()
    environment.answers = { [at4041]: list, [at4040]: { kind: 'other', detail: 'spark-x' } }
    assert.equal(await poll(0, false), 'alive')
    environment.answers = { [at4040]: timeout }
    for (const nowMs of [5_000, 40_000, 60_000]) assert.equal(await poll(nowMs, true), 'refused')
  })

  test('a failing address → still polled, without a search', async () => {
    const { environment, poll } = createMovedUiHarness()
    environment.answers = { [at4040]: list }
    await poll(0, false)
    environment.answers = { [at4040]: timeout, [at4041]: list }
    assert.equal(await poll(60_000, true), 'failing')
  })

  test('a new driver → polled at the default address', async () => {
    const { environment, poll, poller } = createMovedUiHarness()
    environment.answers = { [at4041]: list }
    await poll(0, false)
    poller.forget()
    environment.answers = { [at4040]: list }
    assert.equal(await poll(1_000, false), 'alive')
    assert.equal(poller.uiStatus().ui, at4040)
  })

  for (const evidence of ['not-started', 'authentication', 'redirect'] as const) {
    test(`${evidence} on the network of the node → not accepted as this driver`, async () => {
      const { environment, poll } = createMovedUiHarness({ hostNetwork: true })
      environment.answers = { [at4040]: { kind: 'alive', evidence } }
      assert.equal(await poll(0, false), 'other')
      environment.answers = { ...environment.answers, [at4041]: list }
      assert.equal(await poll(5_000, false), 'alive')
      const own = createMovedUiHarness()
      own.environment.answers = environment.answers
      assert.equal(await own.poll(0, false), 'alive')
    })
  }
})
