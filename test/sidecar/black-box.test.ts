import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Verdict } from '../../core/verdict/verdict.ts'
import type { UiWitness } from '../../core/verdict/witnesses.ts'
import { type BlackBoxMoment, createBlackBox } from '../../sidecar/black-box.ts'
import { openBlackBoxFiles } from '../../sidecar/black-box-files.ts'
import { createSidecarLog } from '../../sidecar/log.ts'
import { alive, timeout } from './monitor-harness.ts'

const capture = (name: string) => readFileSync(join(import.meta.dirname, '../data/spark-ui/4.0.1', name), 'utf8')
const startMs = Date.UTC(2026, 0, 31, 12)
const minute = 60_000

const verdicts = {
  alive: { kind: 'alive', sinceMs: 0 },
  failing: { kind: 'failing', sinceMs: 0, failures: 1, detail: 'timeout: no answer' },
  starting: { kind: 'starting', sinceMs: 0 },
  hung: {
    kind: 'hung',
    sinceMs: 0,
    reason: 'frozen',
    certainty: 'certain',
    detail: 'no answer; password=hunter2',
    evidence: [{ witness: 'ui', report: 'no answer to 2 polls', sinceMs: 0 }],
  },
} as const satisfies Record<string, Verdict>

/** A black box over a real folder and a scripted UI. */
function createHarness(t: TestContext, existing?: string) {
  const dir = existing ?? mkdtempSync(join(tmpdir(), 'spark-nanny-box-'))
  if (existing === undefined) t.after(() => rmSync(dir, { recursive: true, force: true }))
  const answers: Partial<Record<UiWitness, string>> = {
    threads: capture('threads.json'),
    metrics: capture('metrics.json'),
    jobs: capture('jobs.json'),
    executors: capture('executors.json'),
  }
  const state = { answers, asked: [] as string[], release: Promise.resolve() }
  const box = createBlackBox({
    uiClient: {
      async readText(witness) {
        state.asked.push(witness)
        await state.release
        const text = state.answers[witness]
        return text
      },
    },
    files: openBlackBoxFiles(dir),
    timeoutMs: 10_000,
    log: createSidecarLog(
      'error',
      () => {},
      () => 0,
    ),
  })
  const observe = (kind: keyof typeof verdicts, atMs: number, fields: Partial<BlackBoxMoment> = {}) =>
    box.observe({
      verdict: verdicts[kind],
      hasDoubt: false,
      polls: [{ sample: kind === 'alive' ? alive : timeout, tookMs: 5, wallMs: startMs }],
      processes: null,
      ui: { address: { scheme: 'http', host: '127.0.0.1', port: 4040 }, listedId: 'spark-1' },
      wallMs: startMs + atMs,
      ...fields,
    })
  const read = (number: number) => JSON.parse(box.read(number) ?? 'null')
  return { dir, state, box, observe, read }
}

describe('createBlackBox', () => {
  test('the first doubt → polls at once, and then what the UI answers', async (t) => {
    const { box, observe, read, state } = createHarness(t)
    observe('alive', 0)
    assert.deepEqual([box.summaries(), state.asked], [[], []])
    observe('failing', minute)
    assert.equal(read(1).moments[0].polls.length, 1)
    assert.deepEqual(read(1).answers, {})
    await box.settle()
    const { answers, summary } = read(1)
    assert.deepEqual(Object.keys(answers), ['threads', 'metrics', 'jobs', 'executors'])
    assert.match(
      answers.threads,
      /"dag-scheduler-event-loop" #\d+\n {2}WAITING\n {4}at jdk\.internal\.misc\.Unsafe\.park/,
    )
    assert.match(summary.topFrame, /^stream execution thread for stuck .* at Two\.lambda/)
    assert.deepEqual(
      [box.summaries(), box.topFrame()],
      [[summary], { text: summary.topFrame, askedWallMs: startMs + minute }],
    )
    assert.equal(summary.at, '2026-01-31T12:01:00Z')
    assert.equal(summary.occasion, 'failing: timeout: no answer')
  })

  test('a hung driver → the verdict is added before the call returns, once', async (t) => {
    const { observe, read, box } = createHarness(t)
    observe('failing', 0)
    await box.settle()
    observe('hung', minute)
    observe('hung', 2 * minute)
    const { moments, answers } = read(1)
    assert.deepEqual(
      moments.map(({ verdict }: { verdict: Verdict }) => verdict.kind),
      ['failing', 'hung'],
    )
    assert.equal(moments[1].verdict.detail, 'no answer; password=***')
    assert.ok('threads' in answers)
  })

  test('a doubt about a driver that answers → recorded', async (t) => {
    const { observe, read } = createHarness(t)
    observe('alive', 0, { hasDoubt: true })
    assert.equal(read(1).summary.occasion, 'doubt')
  })

  test('a UI that answers nothing → asked twice, and the polls remain', async (t) => {
    const { observe, box, read, state } = createHarness(t)
    state.answers = {}
    observe('failing', 0)
    await box.settle()
    assert.deepEqual(state.asked, ['threads', 'metrics'])
    assert.deepEqual([read(1).answers, read(1).summary.topFrame], [{}, null])
  })

  test('a driver that never answered → polls only', async (t) => {
    const { observe, read, state } = createHarness(t)
    observe('starting', 0)
    observe('hung', minute, { ui: null })
    assert.equal(read(1).moments.length, 1)
    assert.deepEqual(state.asked, [])
  })

  test('many episodes → one within ten minutes, the last three kept, also by the next sidecar', async (t) => {
    const { dir, observe, box } = createHarness(t)
    for (let count = 0; count < 60; count += 1) {
      observe('failing', count * minute)
      await box.settle()
      observe('alive', count * minute)
    }
    const times = ['2026-01-31T12:50:00Z', '2026-01-31T12:40:00Z', '2026-01-31T12:30:00Z']
    assert.deepEqual(
      box.summaries().map(({ at }) => at),
      times,
    )
    assert.equal(readdirSync(dir).length, 3)
    const next = createHarness(t, dir)
    assert.deepEqual(next.box.summaries(), box.summaries())
    next.observe('hung', 60 * minute)
    assert.deepEqual(
      next.box.summaries().map(({ at }) => at),
      ['2026-01-31T13:00:00Z', ...times.slice(0, 2)],
    )
  })

  test('a collection that takes long → nothing waits for it, and no second one begins', async (t) => {
    const { observe, box, state } = createHarness(t)
    let release = () => {}
    state.release = new Promise((resolve) => {
      release = resolve
    })
    observe('failing', 0)
    observe('alive', minute)
    observe('hung', 20 * minute)
    assert.equal(box.summaries().length, 2)
    assert.deepEqual(state.asked, ['threads'])
    release()
    await box.settle()
    assert.equal(state.asked.length, 4)
  })

  test('answers beyond all bounds, and secrets → at most 512 kB, without the secrets', async (t) => {
    const { dir, observe, box, state, read } = createHarness(t)
    const url = 'jdbc:postgresql://job:hunter2@db/x?password=hunter2'
    const threads = Array.from({ length: 3_000 }, (_, id) => ({
      threadId: id,
      threadName: `pool-${id} ${url}`,
      threadState: 'RUNNABLE',
      stackTrace: { elems: [`a.Token.run(Token.java:${id})`] },
    }))
    state.answers = {
      threads: JSON.stringify(threads),
      metrics: '"'.repeat(300_000),
      jobs: `{"description":"SELECT '${url}' AKIAABCDEFGHIJKLMNOP"}`,
      executors: '\u0000'.repeat(300_000),
    }
    observe('failing', 0)
    await box.settle()
    assert.ok(statSync(join(dir, 'blackbox-1.json')).size <= 512_000)
    const text = box.read(1) ?? ''
    assert.doesNotMatch(text, /hunter2|AKIAABC/)
    assert.match(text, /Token\.java:12\)/)
    assert.ok(read(1).answers.threads.length <= 200_000)
  })

  test('a link, a pipe or garbage in place of a black box → not followed, replaced', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-box-'))
    t.after(() => rmSync(dir, { recursive: true, force: true }))
    symlinkSync('/etc/passwd', join(dir, 'blackbox-1.json'))
    execFileSync('mkfifo', [join(dir, 'blackbox-2.json'), join(dir, '.blackbox-1.json.tmp')])
    writeFileSync(join(dir, 'blackbox-3.json'), '{"summary":{"at":3},\n')
    const { box, observe, read } = createHarness(t, dir)
    assert.deepEqual([box.summaries(), box.read(1), box.read(2), box.read(4)], [[], null, null, null])
    observe('hung', 0)
    assert.equal(read(1).summary.number, 1)
  })

  test('a folder that cannot be written → nothing is thrown', async (t) => {
    const { box, observe } = createHarness(t, '/dev/null/none')
    observe('hung', 0)
    await box.settle()
    assert.deepEqual(box.summaries(), [])
  })
})
