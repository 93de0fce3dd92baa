import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import type { WantedReading } from '../../core/verdict/plan-readings.ts'
import type { MetricsReading, Sample, UiWitness } from '../../core/verdict/witnesses.ts'
import { createSidecarLog } from '../../sidecar/log.ts'
import { createPoller, type PollRequest } from '../../sidecar/poller.ts'
import { formatAddress } from '../../spark-ui/ui-address.ts'
import type { Readings } from '../../spark-ui/witness-sources.ts'
import { policyWith } from '../support/driver-policy.ts'

const alive: Sample = { kind: 'alive', evidence: 'application' }
const page: Sample = { kind: 'alive', evidence: 'not-started' }
const refused: Sample = { kind: 'refused' }
const wantAs =
  (urgency: WantedReading['urgency']) =>
  (...witnesses: readonly UiWitness[]): readonly WantedReading[] =>
    witnesses.map((witness) => ({ witness, urgency }))
const urgent = wantAs('urgent')
const optional = wantAs('optional')

/** A poller of UIs that answer as in `answers`, by address. All other addresses refuse connections. */
function createHarness(policy: Partial<DriverPolicy> = {}) {
  const environment = {
    answers: {} as Record<string, Sample>,
    properties: null as Record<string, string> | null,
    listening: new Set<number>(),
    /** The answers of the UI to readings, and what each answer costs. */
    work: {} as Readings,
    pollBytes: 1_000,
    readingBytes: {} as Partial<Record<UiWitness, number>>,
    asked: [] as string[],
  }
  const poller = createPoller(policyWith(policy), {
    uiClient: {
      async poll(address) {
        environment.asked.push(formatAddress(address))
        const sample = environment.answers[formatAddress(address)] ?? refused
        return { sample, connected: true, listedId: sample === alive ? 'spark-1' : null, bytes: environment.pollBytes }
      },
      async read(witness) {
        environment.asked.push(witness)
        const observed = environment.work[witness] === undefined ? {} : { [witness]: environment.work[witness] }
        return { readings: observed, bytes: environment.readingBytes[witness] ?? 1_000, tookMs: 1 }
      },
      async readText() {
        return undefined
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
  const poll = async (nowMs = 0, flags: Partial<Omit<PollRequest, 'nowMs'>> = {}) => {
    environment.asked = []
    return (await poller.poll({ nowMs, answered: false, wanted: [], ...flags })).observation
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
    assert.deepEqual((await poll(1_000)).ui, { kind: 'other', detail: 'spark.ui.enabled=false' })
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

  test('a UI that does not list the application → its jobs are not read', async () => {
    const { environment, poll } = createHarness()
    environment.answers = { 'http://127.0.0.1:4040': { kind: 'alive', evidence: 'authentication' } }
    await poll(0, { wanted: urgent('jobs') })
    assert.deepEqual(environment.asked, ['http://127.0.0.1:4040'])
  })
})

describe('createPoller: readings', () => {
  const ui = 'http://127.0.0.1:4040'
  const metrics: MetricsReading = {
    activeJobs: 1,
    allJobs: 2,
    droppedExecutorEvents: 0,
  }
  const job = (activeTasks: number) => ({ jobs: [{ id: 1, endedTasks: 2, activeTasks, streaming: null }] })

  function createAnsweringHarness() {
    const harness = createHarness()
    harness.environment.answers = { [ui]: alive }
    return harness
  }

  test('several wanted → one reading, the first urgent one', async () => {
    const { environment, poll } = createAnsweringHarness()
    environment.work = { metrics, threads: { threads: [], others: 'idle' } }
    const wanted = [...optional('metrics'), ...urgent('threads', 'queries')]
    assert.deepEqual(await poll(0, { wanted }), {
      ui: alive,
      threads: { threads: [], others: 'idle' },
      requested: ['threads'],
    })
    assert.deepEqual(environment.asked, [ui, 'threads'])
  })

  test('a reading that fails → no evidence, but that it was requested', async () => {
    const { poll, poller } = createAnsweringHarness()
    assert.deepEqual(await poll(0, { wanted: urgent('threads') }), { ui: alive, requested: ['threads'] })
    assert.deepEqual(poller.readings(), [{ witness: 'threads', askedMs: 0, reportedMs: null, bytes: 0 }])
  })

  test('a UI that does not answer as this driver’s → nothing is read', async () => {
    const { environment, poll } = createAnsweringHarness()
    environment.answers = { [ui]: { kind: 'failing', cause: 'timeout', detail: '', tookMs: 10_000 } }
    await poll(0, { wanted: urgent('metrics') })
    assert.deepEqual(
      environment.asked.filter((asked) => asked === 'metrics'),
      [],
    )
  })

  test('optional readings for hours → at most the bytes of the polls, and every witness has its turn', async () => {
    const { environment, poll, poller } = createAnsweringHarness()
    environment.readingBytes = { metrics: 15_000, queries: 19_000, jobs: 400 }
    environment.work = { metrics, queries: { queries: [] }, jobs: job(1) }
    const asked = new Map<string, number>()
    for (let nowMs = 0; nowMs < 4 * 3_600_000; nowMs += 5_000) {
      await poll(nowMs, { wanted: optional('metrics', 'queries', 'jobs') })
      for (const witness of environment.asked.slice(1)) asked.set(witness, (asked.get(witness) ?? 0) + 1)
    }
    const { polls, readings } = poller.requestedBytes()
    assert.ok(readings <= polls && readings > polls / 2, `${readings} of ${polls}`)
    assert.ok([...asked.values()].every((count) => count > 20) && asked.size === 3)
  })

  test('a cheap reading → not held back by a dear one for which the account saves', async () => {
    const { environment, poll } = createAnsweringHarness()
    environment.readingBytes = { metrics: 15_000, jobs: 400 }
    environment.work = { metrics, jobs: job(1) }
    const asked: string[] = []
    for (let nowMs = 0; nowMs < 600_000; nowMs += 5_000) {
      await poll(nowMs, { wanted: optional('metrics', 'jobs') })
      asked.push(...environment.asked.slice(1))
    }
    assert.ok(asked.filter((witness) => witness === 'metrics').length >= 4, asked.join())
    assert.ok(asked.filter((witness) => witness === 'jobs').length >= 40, asked.join())
  })

  test('an urgent reading → overdraws the account, and optional ones have half of the bytes', async () => {
    const { environment, poll, poller } = createAnsweringHarness()
    environment.readingBytes = { threads: 40_000, metrics: 1_000 }
    environment.work = { metrics, threads: { threads: [], others: 'idle' } }
    await poll(0, { wanted: urgent('threads') })
    let polls = 0
    do {
      polls += 1
      await poll(5_000 * polls, { wanted: optional('metrics') })
    } while (environment.asked.length === 1)
    assert.equal(polls, 8)
    assert.deepEqual(
      poller.readings().map(({ witness, reportedMs }) => [witness, reportedMs]),
      [
        ['threads', 0],
        ['metrics', 5_000 * polls],
      ],
    )
    poller.forget()
    assert.deepEqual([poller.readings(), poller.provenUi()], [[], null])
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
