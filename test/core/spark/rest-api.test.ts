import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  formatRunningJobsPath,
  isApplicationIdOf,
  parseApplicationIds,
  parseRunningJobs,
  toSample,
  type UiResponse,
} from '../../../core/spark/rest-api.ts'
import { describeSample } from '../verdict/judged-samples.ts'

const id = 'spark-3dc6e91792d24f94a8b4c565a1d99489'
const list = (...ids: readonly string[]) =>
  JSON.stringify(ids.map((each) => ({ id: each, name: 'app', attempts: [{}] })))
const page = '<html><body><h3>Spark is starting up. Please wait a while until it is ready.</h3></body></html>'

const rows: readonly (readonly [string, Partial<UiResponse>, string, (string | null)?])[] = [
  ['the driver’s id', { body: list(id) }, 'alive application'],
  ['the driver’s id among others', { body: list('local-1', id) }, 'alive application'],
  ['the driver’s id after a restart', { body: list(`${id}-2`) }, 'alive application'],
  ['another id', { body: list('spark-other') }, 'other'],
  ['an id that starts with the driver’s id', { body: list(`${id}0`) }, 'other'],
  ['no application', { body: '[]' }, 'other'],
  ['any id when the driver’s id is unknown', { body: list('spark-other') }, 'alive application', null],
  ['no application when the driver’s id is unknown', { body: '[]' }, 'other', null],
  ['the starting page', { body: page }, 'alive not-started'],
  ['other HTML', { body: '<html>welcome</html>' }, 'failing malformed'],
  ['half a list', { body: list(id).slice(0, -3) }, 'failing malformed'],
  ['an empty body', { body: '' }, 'failing malformed'],
  ['an object', { body: '{"id":"x"}' }, 'failing malformed'],
  ['a list of something else', { body: '[1, null]' }, 'failing malformed'],
  ['401', { statusCode: 401, body: '' }, 'alive authentication'],
  ['403', { statusCode: 403, body: '' }, 'alive authentication'],
  ['302 to https', { statusCode: 302, location: 'https://x:4440/', body: '' }, 'alive redirect'],
  ['302 to a log-in page', { statusCode: 302, location: '/login', body: '' }, 'alive redirect'],
  ['307', { statusCode: 307, body: '' }, 'alive redirect'],
  ['500', { statusCode: 500, body: '' }, 'failing server-error'],
  ['503', { statusCode: 503, body: page }, 'failing server-error'],
  ['404', { statusCode: 404, body: '' }, 'other'],
  ['204', { statusCode: 204, body: '' }, 'other'],
]

describe('Spark REST API', () => {
  for (const [what, answer, expected, applicationId = id] of rows) {
    test(`${what} → ${expected}`, () => {
      const sample = toSample({ statusCode: 200, body: '', ...answer }, applicationId, 12)
      assert.equal(describeSample(sample), expected)
      if (sample.kind === 'failing') assert.equal(sample.tookMs, 12)
    })
  }

  test('any response → a sample', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.string(), fc.json()), (statusCode, body) => {
        assert.ok(toSample({ statusCode, body }, id, 1).kind.length > 0)
      }),
    )
  })

  test('an id with a restart suffix → belongs to the application; others do not', () => {
    assert.ok(isApplicationIdOf('a-2', 'a') && isApplicationIdOf('a-13', 'a') && isApplicationIdOf('a', 'a'))
    assert.ok(
      !isApplicationIdOf('a-', 'a') &&
        !isApplicationIdOf('a-x', 'a') &&
        !isApplicationIdOf('a-2-3', 'a') &&
        !isApplicationIdOf('b-2', 'a') &&
        !isApplicationIdOf('', 'a'),
    )
    assert.equal(parseApplicationIds('no json'), undefined)
  })

  test('an application id → the path of its running jobs', () => {
    assert.equal(formatRunningJobsPath('a/b'), '/api/v1/applications/a%2Fb/jobs?status=running')
  })

  const job = (fields: object) => ({
    jobId: 3,
    name: 'count at App.java:20',
    numCompletedTasks: 4,
    numFailedTasks: 2,
    numKilledTasks: 1,
    ...fields,
  })

  test('a list of jobs → the running jobs and their finished tasks, by id', () => {
    const jobs = [job({}), job({ jobId: 1, numCompletedTasks: 0, numFailedTasks: 0, numKilledTasks: 0 })]
    assert.deepEqual(parseRunningJobs(JSON.stringify(jobs)), {
      jobs: [
        { id: 1, endedTasks: 0, activeTasks: 0, streaming: null },
        { id: 3, endedTasks: 7, activeTasks: 0, streaming: null },
      ],
    })
  })

  const streaming: readonly (readonly [string, object, object])[] = [
    [
      'a batch of Structured Streaming',
      { description: 'q\nid = 1f, runId = 2e, batch = 7' },
      { kind: 'batch', runId: '2e', batch: 7 },
    ],
    ['a continuous query', { description: 'id = 1f, runId = 2e, batch = init' }, { kind: 'unnamed' }],
    ['a receiver', { name: 'Streaming job running receiver 0' }, { kind: 'unnamed' }],
    [
      'a batch of DStreams',
      { description: 'Streaming job from <a href="/streaming/batch/?id=1">x</a>' },
      { kind: 'unnamed' },
    ],
  ]
  for (const [what, fields, expected] of streaming) {
    test(`${what} → a streaming job`, () =>
      assert.deepEqual(parseRunningJobs(JSON.stringify([job(fields)]))?.jobs[0]?.streaming, expected))
  }

  test('another body → undefined', () => {
    for (const body of ['', '{}', '[1]', page]) assert.equal(parseRunningJobs(body), undefined)
  })

  test('the long list of a history server → a short detail', () => {
    const body = JSON.stringify(Array.from({ length: 5_000 }, (_, n) => ({ id: `spark-${n}` })))
    const sample = toSample({ statusCode: 200, body }, id, 1)
    assert.ok(sample.kind === 'other' && sample.detail.length < 500, JSON.stringify(sample).slice(0, 100))
  })
})
