import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
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

/** A poller of UIs that answer as in `answers`, by address. All other addresses refuse connections. */
function createHarness(policy: Partial<DriverPolicy> = {}) {
  const environment = { answers: {} as Record<string, Sample> }
  const poller = createPoller(policyWith(policy), {
    uiClient: {
      poll: async (address) => ({ sample: environment.answers[formatAddress(address)] ?? refused, listedId: null }),
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
  return { environment, poll, poller }
}

describe('createPoller: moved UI', () => {
  test('a restarted driver container → its UI is found on another port', async () => {
    const { environment, poll } = createHarness()
    environment.answers = { [at4041]: list }
    assert.equal(await poll(0, false), 'alive')
    environment.answers = { [at4040]: list }
    assert.equal(await poll(5_000, true), 'refused')
    assert.equal(await poll(30_000, true), 'alive')
    assert.equal(await poll(35_000, true), 'alive')
  })

  test('a failure at another address during the search → the driver is not failing', async () => {
    const { environment, poll } = createHarness()
    environment.answers = { [at4041]: list, [at4040]: { kind: 'other', detail: 'spark-x' } }
    assert.equal(await poll(0, false), 'alive')
    environment.answers = { [at4040]: timeout }
    for (const nowMs of [5_000, 40_000, 60_000]) assert.equal(await poll(nowMs, true), 'refused')
  })

  test('a failing address → still polled, without a search', async () => {
    const { environment, poll } = createHarness()
    environment.answers = { [at4040]: list }
    await poll(0, false)
    environment.answers = { [at4040]: timeout, [at4041]: list }
    assert.equal(await poll(60_000, true), 'failing')
  })

  test('a new driver → polled at the default address', async () => {
    const { environment, poll, poller } = createHarness()
    environment.answers = { [at4041]: list }
    await poll(0, false)
    poller.forget()
    environment.answers = { [at4040]: list }
    assert.equal(await poll(1_000, false), 'alive')
    assert.equal(poller.uiStatus().ui, at4040)
  })

  for (const evidence of ['not-started', 'authentication', 'redirect'] as const) {
    test(`${evidence} on the network of the node → not accepted as this driver`, async () => {
      const { environment, poll } = createHarness({ hostNetwork: true })
      environment.answers = { [at4040]: { kind: 'alive', evidence } }
      assert.equal(await poll(0, false), 'other')
      environment.answers = { ...environment.answers, [at4041]: list }
      assert.equal(await poll(5_000, false), 'alive')
      const own = createHarness()
      own.environment.answers = environment.answers
      assert.equal(await own.poll(0, false), 'alive')
    })
  }
})
