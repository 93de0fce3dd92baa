import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { KnownApplication } from '../../../../cluster/spark-applications.ts'
import type { WriteResult } from '../../../../kubernetes/write-result.ts'
import { createDeletionJournal } from '../../../../webhook/controller/act/deletion-journal.ts'
import { createDeletionTracker } from '../../../../webhook/controller/deletions/deletion-tracker.ts'
import { until } from '../../../support/api-fixture.ts'
import { createdMs } from '../../../support/driver-pods.ts'
import { createRecordingLog } from '../../../support/recording-log.ts'
import { defaultConfig } from '../controller-harness.ts'
import { createDriver } from '../driver/drivers.ts'

const nowMs = createdMs + 600_000
const minuteMs = 60_000
const driver = createDriver({ sidecar: null, owner: { name: 'pi', uid: 'uid-application' } })
const key = 'spark-nanny.io/actions'

/** One SparkApplication and its pod. The cache shows the current SparkApplication, or after `freeze` the one at that time. */
function createJournalHarness(t: TestContext, safeguards = { ...defaultConfig.safeguards, perApplication: 1 }) {
  const controller = new AbortController()
  t.after(() => controller.abort())
  let elapsedMs = 0
  let pod: object | undefined = { metadata: { name: driver.name, uid: driver.uid } }
  let version = 1
  let text: string | null = null
  let frozen: KnownApplication | undefined
  let answer: (() => Promise<WriteResult>) | undefined
  const writes: (string | null)[] = []
  const podReads: string[] = []
  const now = (): KnownApplication => ({
    uid: 'uid-application',
    resourceVersion: String(version),
    generation: 1,
    attempts: 1,
    application: {
      operator: 'kubeflow',
      namespace: 'spark',
      name: driver.application,
      annotations: text === null ? {} : { [key]: text },
      sparkConf: {},
      restartPolicy: { kind: 'always' },
    },
  })
  const known = () => frozen ?? now()
  const lead = () => {
    const deletions = createDeletionTracker(safeguards)
    deletions.load([known()], 0)
    const record = createDeletionJournal(
      {
        deletions,
        log: createRecordingLog().log,
        applications: { known },
        isPodPresent: () => pod !== undefined,
        monotonicMs: () => elapsedMs,
        sleep: (_ms, signal) => delay(5, undefined, { signal }).catch(() => {}),
        api: {
          request: async ({ path }) => {
            podReads.push(path)
            const items = pod === undefined ? [] : [pod]
            return { kind: 'response', status: 200, body: { kind: 'PodList', metadata: {}, items } }
          },
        },
        writer: {
          annotateApplication: async (_reference, { resourceVersion }, annotations) => {
            const value = annotations[key] ?? null
            writes.push(value)
            const other = await answer?.()
            if (other !== undefined) return other
            if (resourceVersion !== String(version)) return { kind: 'conflict' }
            text = value
            version += 1
            return { kind: 'ok' }
          },
        },
      },
      controller.signal,
    )
    const next = () => deletions.limits({ ...driver, uid: 'next' }, known(), nowMs)
    const put = () =>
      record.recordIntent(driver, known(), { atMs: nowMs, uid: driver.uid, reason: 'ui unresponsive: x' })
    return { ...record, put, next }
  }
  return {
    lead,
    writes,
    podReads,
    isOnRecord: () => text?.includes(driver.uid) === true,
    pass: (ms: number) => {
      elapsedMs += ms
    },
    setPod: (object: object | undefined) => {
      pod = object
    },
    freeze: () => {
      frozen = now()
    },
    thaw: () => {
      frozen = undefined
    },
    answerWith: (other: typeof answer) => {
      answer = other
    },
    settled: () => delay(100),
  }
}

const terminating = { metadata: { name: driver.name, uid: driver.uid, deletionTimestamp: '2026-11-24T10:00:00Z' } }

describe('createDeletionJournal', () => {
  for (const [how, end] of [
    ['answers again', 'deletionNoLongerNeeded'],
    ['is gone for another reason', 'podGone'],
  ] as const) {
    test(`a deletion that was not sent, and the driver ${how} → is revoked`, async (t) => {
      const { lead, isOnRecord, freeze, thaw } = createJournalHarness(t)
      const leader = lead()
      freeze()
      assert.equal((await leader.put()).kind, 'ok')
      leader.recordOutcome(driver, 'not-sent')
      assert.equal(leader.next().quarantined, true, 'the deletion is retried')
      leader[end](driver)
      assert.deepEqual(leader.next(), { quarantined: false, backoffUntilMs: 0, exhausted: null })
      assert.ok(isOnRecord(), 'the cache does not show the revocation yet')
      thaw()
      await until(() => !isOnRecord(), 'the record')
      assert.deepEqual(leader.next(), { quarantined: false, backoffUntilMs: 0, exhausted: null })
    })
  }

  test('a pod that was gone before its deletion was refused → the deletion is revoked', async (t) => {
    const { lead, isOnRecord, setPod } = createJournalHarness(t)
    const leader = lead()
    await leader.put()
    setPod(undefined)
    leader.podGone(driver)
    leader.recordOutcome(driver, 'not-sent')
    await until(() => !isOnRecord(), 'the record')
  })

  test('a refused deletion whose pod terminates anyway → stays on record, because it may have been sent twice', async (t) => {
    const { lead, isOnRecord, settled, setPod } = createJournalHarness(t)
    const leader = lead()
    await leader.put()
    leader.recordOutcome(driver, 'refused')
    setPod(terminating)
    leader.deletionNoLongerNeeded({ ...driver, deletionMs: 1 })
    await settled()
    assert.ok(isOnRecord())
    setPod(undefined)
    leader.podGone(driver)
    await settled()
    assert.ok(isOnRecord())
  })

  test('a deletion whose response was lost, and the pod is gone → stays on record, whatever the retry returns', async (t) => {
    const { lead, isOnRecord, settled, setPod } = createJournalHarness(t)
    const leader = lead()
    await leader.put()
    leader.recordOutcome(driver, 'unanswered')
    leader.recordOutcome(driver, 'not-sent')
    leader.deletionNoLongerNeeded(driver)
    setPod(undefined)
    leader.podGone(driver)
    await settled()
    assert.ok(isOnRecord())
    assert.equal(leader.next().quarantined, true)
  })

  for (const before of ['this leader', 'an earlier leader']) {
    test(`a deletion that ${before} may have sent → is revoked only after the pod is seen to stay`, async (t) => {
      const { lead, isOnRecord, pass, settled, setPod, podReads } = createJournalHarness(t)
      const first = lead()
      await first.put()
      first.recordOutcome(driver, 'unanswered')
      const leader = before === 'this leader' ? first : lead()
      leader.deletionNoLongerNeeded(driver)
      pass(minuteMs)
      leader.deletionNoLongerNeeded(driver)
      await settled()
      assert.deepEqual(podReads, [], 'the lost deletion may still take effect')
      pass(2 * minuteMs)
      setPod(terminating)
      leader.deletionNoLongerNeeded(driver)
      leader.deletionNoLongerNeeded(driver)
      await settled()
      assert.equal(podReads.length, 1)
      assert.ok(isOnRecord())
      setPod({ metadata: { name: driver.name, uid: driver.uid } })
      pass(2 * minuteMs)
      leader.deletionNoLongerNeeded(driver)
      await until(() => !isOnRecord(), 'the record')
      assert.equal(leader.next().quarantined, false)
    })
  }

  test('a driver that hangs again during the revocation → is on record again before it is deleted', async (t) => {
    const { lead, isOnRecord, answerWith, writes, settled } = createJournalHarness(t)
    const leader = lead()
    await leader.put()
    leader.recordOutcome(driver, 'not-sent')
    answerWith(async () => {
      await delay(50)
      return { kind: 'failed', detail: 'HTTP 504', retryAfterMs: 0, outcomeUnknown: true }
    })
    leader.deletionNoLongerNeeded(driver)
    await until(() => writes.length === 2, 'the revocation')
    answerWith(undefined)
    assert.equal((await leader.put()).kind, 'ok')
    await settled()
    assert.equal(writes.length, 3)
    assert.ok(isOnRecord())
    assert.equal(leader.next().quarantined, true)
  })

  test('a deletion already on record → is not written again; a forbidden write → is kept in memory', async (t) => {
    const { lead, writes, answerWith } = createJournalHarness(t)
    const leader = lead()
    answerWith(async () => ({ kind: 'failed', detail: 'HTTP 403', retryAfterMs: 0, forbidden: true }))
    assert.equal((await leader.put()).kind, 'ok')
    assert.equal(leader.next().quarantined, true)
    answerWith(undefined)
    await leader.put()
    await leader.put()
    assert.equal(writes.length, 2)
  })
})
