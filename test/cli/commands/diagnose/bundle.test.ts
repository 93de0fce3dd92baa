import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../../run-cli.ts'

const missing = () => Promise.reject(Object.assign(new Error('ENOENT'), { code: 'ENOENT' }))

/** Runs `diagnose` on a bundle that contains only these files. */
const diagnose = (files: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  runCli(['diagnose', '--bundle', 'b', '-o', 'json', ...args], {}, '', {
    readFile: async (path) => files[path] ?? missing(),
    async *readBytes(path) {
      yield new TextEncoder().encode(files[path] ?? (await missing()))
    },
  })

const pod = (container: object, phase = 'Failed') =>
  JSON.stringify({
    metadata: { name: 'd', namespace: 'n', uid: 'u' },
    spec: { containers: [{ name: 'spark-kubernetes-driver' }], nodeName: 'node1' },
    status: { phase, containerStatuses: [{ name: 'spark-kubernetes-driver', ...container }] },
  })
const failed = pod({ state: { terminated: { exitCode: 1, reason: 'Error' } } })
const runningPod = pod({ state: { running: { startedAt: '2026-11-24T11:00:00Z' } } }, 'Running')
const events = '{"items":[]}'
const works =
  '26/11/24 11:00:05 INFO SparkContext: Running Spark version 4.0.1\n26/11/24 11:00:09 INFO DAGScheduler: Job 0 finished: count at A.java:1, took 2 ms\n'

describe('diagnose --bundle', () => {
  test('a directory without evidence → usage error', async () => {
    const { exitCode, stderr } = await diagnose({})
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: b: not a bundle; expected at least one of pod\.json, events\.json/)
  })

  test('an expected file is missing → unknown, exit code 5 unless an error is found', async () => {
    const whole = await diagnose({ 'b/pod.json': runningPod, 'b/events.json': events, 'b/driver.log': works })
    assert.deepEqual([whole.exitCode, JSON.parse(whole.stdout).unknown], [0, []])

    const noLog = await diagnose({ 'b/pod.json': runningPod, 'b/events.json': events })
    assert.equal(noLog.exitCode, 5)
    assert.deepEqual(JSON.parse(noLog.stdout).unknown, [
      { what: 'log', source: 'driver.log', why: 'missing from the bundle' },
    ])

    const found = await diagnose({ 'b/pod.json': failed, 'b/events.json': events })
    assert.equal(found.exitCode, 3)
    assert.equal(JSON.parse(found.stdout).unknown.length, 1)
  })

  test('the log of an executor → unknown, and nothing in it is said of the driver', async () => {
    const log = `26/03/01 09:00:06 INFO CoarseGrainedExecutorBackend: Started daemon with process name: 14@x
26/03/01 09:00:07 INFO CoarseGrainedExecutorBackend: Connecting to driver: spark://CoarseGrainedScheduler@d-svc.n.svc:7078
26/03/01 09:00:19 ERROR Executor: Exception in task 0.0 in stage 0.0 (TID 0)
java.lang.ArithmeticException: / by zero
`
    const { stdout, exitCode } = await diagnose({ 'b/pod.json': failed, 'b/events.json': events, 'b/driver.log': log })
    assert.equal(exitCode, 3)
    const { unknown, findings } = JSON.parse(stdout)
    assert.deepEqual(unknown, [{ what: 'log', source: 'driver.log', why: 'the log of an executor, not of the driver' }])
    assert.deepEqual(
      findings.map(({ title }: { title: string }) => title),
      ['The driver ended with exit code 1'],
    )
  })

  for (const [log, why] of [
    ['Error from server (NotFound): pods "d" not found\n', /^an error message in place of the log: Error from server/],
    ['unable to retrieve container logs for containerd://3f1c', /in place of the log: unable to retrieve/],
    ['\n<!DOCTYPE html><html><body>Sign in</body></html>\n', /^a web page/],
  ] as const) {
    test(`${JSON.stringify(log.slice(0, 40))} in place of the log → unknown, with what it is`, async () => {
      const { stdout, exitCode } = await diagnose({
        'b/pod.json': failed,
        'b/events.json': events,
        'b/driver.log': log,
      })
      const { unknown, findings } = JSON.parse(stdout)
      assert.match(unknown[0].why, why)
      assert.equal(findings[0].title, 'The driver ended with exit code 1')
      assert.equal(exitCode, 3)
    })
  }

  test('the pod of an executor → usage error that names the way to its driver', async () => {
    const executor = JSON.parse(failed)
    executor.metadata.labels = { 'spark-role': 'executor', 'spark-app-selector': 'spark-5e1' }
    const { stderr, exitCode } = await diagnose({ 'b/pod.json': JSON.stringify(executor), 'b/events.json': events })
    assert.equal(exitCode, 2)
    assert.match(stderr, /kubectl -n n get pods -l spark-role=driver,spark-app-selector=spark-5e1/)
  })

  test('a running driver without a problem → exit code 0 only if the evidence shows that it works', async () => {
    const threads = JSON.stringify([{ threadId: 1, threadName: 'main', threadState: 'RUNNABLE', isDaemon: false }])
    for (const [files, code, text] of [
      [{ 'b/driver.log': works }, 0, /√ No problems found/],
      [{ 'b/driver.log': '' }, 5, /No known problem, but nothing shows that the driver is healthy\.$/m],
      [{ 'b/driver.log': 'loading\n' }, 5, /healthy\. Last log lines:\n +1 +loading/],
      [{ 'b/driver.log': '', 'b/threads.json': threads }, 0, /√ No problems found/],
    ] as const) {
      const { exitCode, stdout } = await diagnose(
        { 'b/pod.json': runningPod, 'b/events.json': events, ...files },
        '-o',
        'text',
      )
      assert.equal(exitCode, code, JSON.stringify(files))
      assert.match(stdout, text)
    }
  })

  test('a file has the wrong content → unknown, with the reason', async () => {
    const { stdout } = await diagnose({
      'b/pod.json': '{"kind":"Service"}',
      'b/events.json': 'no json',
      'b/driver.log': 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n',
      'b/status.json': '{}',
      'b/threads.json': '{"a":1}',
    })
    const { findings, unknown } = JSON.parse(stdout)
    assert.equal(findings[0].id, 'SPN-MEMORY-HEAP', 'the log must be enough for this finding')
    assert.deepEqual(
      unknown.map(({ what, why }: { what: string; why: string }) => `${what}: ${why}`),
      [
        'pod: not a Pod',
        'events: not valid JSON',
        'sidecar: not a sidecar status',
        'threads: not a Spark UI thread dump',
      ],
    )
  })

  test('node.json in the bundle or in its parent directory → it is read', async () => {
    const node = JSON.stringify({
      metadata: { name: 'node1' },
      status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'm' }] },
    })
    for (const path of ['node.json', 'b/node.json']) {
      const files = { 'b/pod.json': runningPod, 'b/events.json': events, 'b/driver.log': '', [path]: node }
      assert.equal(JSON.parse((await diagnose(files)).stdout).findings[0].id, 'SPN-NODE-NOT-READY', path)
    }
  })

  test('only warnings → exit code 4 with --strict only', async () => {
    const node = JSON.stringify({
      metadata: { name: 'node1' },
      status: { conditions: [{ type: 'DiskPressure', status: 'True' }] },
    })
    const files = { 'b/pod.json': runningPod, 'b/events.json': events, 'b/driver.log': '', 'b/node.json': node }
    assert.equal((await diagnose(files)).exitCode, 0)
    assert.equal((await diagnose(files, '--strict')).exitCode, 4)
    const { 'b/driver.log': _, ...incomplete } = files
    assert.equal((await diagnose(incomplete)).exitCode, 5)
    assert.equal((await diagnose(incomplete, '--strict')).exitCode, 4)
  })

  test('the driver runs again after a failure → the failure of the previous run is a warning', async () => {
    const again = pod(
      { restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
      'Running',
    )
    const { exitCode, stdout } = await diagnose({ 'b/pod.json': again, 'b/events.json': events, 'b/driver.log': '' })
    const [{ id, severity, run }] = JSON.parse(stdout).findings
    assert.deepEqual([exitCode, id, severity, run], [0, 'SPN-MEMORY-CONTAINER-OOM', 'warning', 'previous'])
  })

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /specify POD, --application NAME or --bundle DIR/],
    [['d', '--bundle', 'b'], /POD, --application and --bundle cannot be combined/],
    [['--application', 'a', '--bundle', 'b'], /POD, --application and --bundle cannot be combined/],
    [['--bundle', 'b', '--save', 'c'], /--save cannot be combined with --bundle/],
    [['d', '--timeout', 'soon'], /Must be a duration/],
    [['d', '-o', 'xml'], /Allowed choices are text, json, sarif, junit, markdown/],
  ]
  for (const [args, message] of wrong) {
    test(`diagnose ${args.join(' ')} → usage error`, async () => {
      const { exitCode, stdout, stderr } = await runCli(['diagnose', ...args])
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.match(stderr, message)
    })
  }
})
