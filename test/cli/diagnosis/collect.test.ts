import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exited, fakeCluster, podObject, pods, runs, surroundings } from '../commands/diagnose/fake-cluster.ts'

const oom = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n'
const kubeflow = '/apis/sparkoperator.k8s.io/v1beta2/namespaces/jobs/sparkapplications'
const application = (state: string, errorMessage: string, podName = 'd') => ({
  apiVersion: 'sparkoperator.k8s.io/v1beta2',
  kind: 'SparkApplication',
  metadata: { name: 'nightly', namespace: 'jobs' },
  spec: { driver: { memory: '2g' } },
  status: { applicationState: { state, errorMessage }, executionAttempts: 2, driverInfo: { podName } },
})
const applicationLabels = {
  metadata: { labels: { 'spark-role': 'driver', 'sparkoperator.k8s.io/app-name': 'nightly' } },
}

describe('diagnose against a cluster', () => {
  test('a failed driver by pod name → all related evidence is collected with read requests only', async (t) => {
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [`${pods}/d`]: podObject(exited(1), applicationLabels),
      [`${pods}/d/log`]: { status: 200, text: oom },
      [`${kubeflow}/nightly`]: application('FAILED', 'driver container failed'),
    })
    const { exitCode, stdout, stderr } = await cluster.diagnose('d', '-o', 'json')
    assert.deepEqual([exitCode, stderr], [3, ''])
    const { findings, unknown, subject } = JSON.parse(stdout)
    assert.deepEqual(subject, { namespace: 'jobs', pod: 'd', application: 'nightly' })
    assert.deepEqual(unknown, [])
    assert.equal(findings[0].id, 'SPN-MEMORY-HEAP')
    const [remedy] = findings[0].remedies
    assert.deepEqual(
      [remedy.kind, remedy.key, remedy.current, remedy.proposed],
      ['raise-memory', 'spark.driver.memory', '2g', '3g'],
    )
    assert.match(
      remedy.commands[0],
      /patch sparkapplications\.sparkoperator\.k8s\.io nightly .*"driver":\{"memory":"3g"\}/,
    )
    for (const request of cluster.api.requests) assert.match(request, /^GET /)
    assert.ok(cluster.api.requests.includes(`GET ${pods}/d/log?container=spark-kubernetes-driver`))
  })

  test('the pod of an application no longer exists → the application’s error is diagnosed', async (t) => {
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [pods]: { items: [] },
      [`${kubeflow}/nightly`]: application(
        'SUBMISSION_FAILED',
        'failed to run spark-submit: pods "d" is forbidden: exceeded quota: small, requested: pods=1, used: pods=5, limited: pods=5',
      ),
    })
    const { exitCode, stdout } = await cluster.diagnose('--application', 'nightly', '-o', 'json')
    const { state, findings, unknown } = JSON.parse(stdout)
    assert.deepEqual([exitCode, state, findings[0].id, unknown.length], [3, 'failed', 'SPN-QUOTA-EXCEEDED', 0])
  })

  test('the pod no longer exists → its application is found', async (t) => {
    const cluster = await fakeCluster(t, { ...surroundings, [kubeflow]: { items: [application('FAILED', 'x')] } })
    const { stdout } = await cluster.diagnose('d', '-o', 'json')
    assert.equal(JSON.parse(stdout).subject.application, 'nightly')
  })

  test('an application with two driver pods → the newest is diagnosed', async (t) => {
    const old = { metadata: { ...applicationLabels.metadata, name: 'old', creationTimestamp: '2026-11-24T10:00:00Z' } }
    const young = { metadata: { ...applicationLabels.metadata, name: 'd', creationTimestamp: '2026-11-24T11:00:00Z' } }
    const items = [podObject(exited(1), old), podObject(exited(137), young)]
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [pods]: { items },
      [`${pods}/d/log`]: { status: 200, text: '' },
    })
    const { stdout } = await cluster.diagnose('--application', 'nightly', '-o', 'json')
    assert.equal(JSON.parse(stdout).findings[0].id, 'SPN-EXIT-137')
  })

  test('a driver of another application has the same application name → it is not diagnosed', async (t) => {
    const labels = { 'spark-role': 'driver', 'spark-app-name': 'nightly' }
    const other = { ...labels, 'sparkoperator.k8s.io/app-name': 'other' }
    const late = '2026-11-24T11:00:00Z'
    const items = [
      podObject(exited(1), { metadata: { ...applicationLabels.metadata, creationTimestamp: '2026-11-24T10:00:00Z' } }),
      podObject(exited(137), { metadata: { labels: other, name: 'of-other', creationTimestamp: late } }),
      podObject(exited(137), { metadata: { labels, name: 'plain', creationTimestamp: late } }),
    ]
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [pods]: { items },
      [`${pods}/d/log`]: { status: 200, text: '' },
      [`${kubeflow}/nightly`]: application('FAILED', 'x'),
    })
    const { stdout } = await cluster.diagnose('--application', 'nightly', '-o', 'json')
    assert.equal(JSON.parse(stdout).subject.pod, 'd')
  })

  test('the driver is on the second page of the pod list → it is found', async (t) => {
    const first = `${pods}?labelSelector=spark-role%3Ddriver&limit=500`
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [first]: { metadata: { continue: 'a/b' }, items: [] },
      [`${first}&continue=a%2Fb`]: { items: [podObject(exited(1), applicationLabels)] },
      [`${pods}/d/log`]: { status: 200, text: '' },
    })
    const { stdout } = await cluster.diagnose('--application', 'nightly', '-o', 'json')
    assert.equal(JSON.parse(stdout).findings[0].id, 'SPN-EXIT-1')
  })

  test('some evidence is forbidden → it is reported as unknown, and the driver not as healthy', async (t) => {
    const forbidden = { status: 403, body: { message: 'nodes "node1" is forbidden' } }
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [`${pods}/d`]: podObject(runs, { phase: 'Running' }),
      [`${pods}/d/log`]: { status: 200, text: '26/11/24 11:00:05 INFO SparkContext: Running Spark version 4.0.1\n' },
      '/api/v1/nodes/node1': forbidden,
      '/api/v1/namespaces/jobs/events': forbidden,
    })
    const { exitCode, stdout } = await cluster.diagnose('d')
    assert.equal(exitCode, 5)
    assert.match(stdout, /No known problem, but nothing shows that the driver is healthy\./)
    assert.match(stdout, /\? events \(events of jobs\/d\): HTTP 403: nodes "node1" is forbidden/)
    assert.match(stdout, /\? node \(node node1\): HTTP 403/)
    assert.doesNotMatch(stdout, /√/)
  })

  test('the API server does not respond → exit code 1', async (t) => {
    const cluster = await fakeCluster(t, {})
    cluster.api.intercept(() => ({ status: 503, body: { message: 'down' } }))
    const { exitCode, stderr } = await cluster.diagnose('d')
    assert.equal(exitCode, 1)
    assert.match(stderr, /^error: could not read the pod, its log or its SparkApplication/)
  })

  test('no pod or application has the name → error, exit code 1', async (t) => {
    const cluster = await fakeCluster(t, { ...surroundings, [pods]: { items: [] } })
    const pod = await cluster.diagnose('nope')
    assert.deepEqual(
      [pod.exitCode, pod.stderr],
      [1, 'error: pod jobs/nope not found, and no SparkApplication names it as its driver\n'],
    )
    assert.doesNotMatch(pod.stdout, /√/)
    const application = await cluster.diagnose('--application', 'nope')
    assert.equal(
      application.stderr,
      'error: SparkApplication jobs/nope not found, and no driver pod has that application name\n',
    )
  })

  test('the Spark UI does not respond → the threads are unknown after the timeout', async (t) => {
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [`${pods}/d`]: podObject(runs, { phase: 'Running' }),
      [`${pods}/d/log`]: { status: 200, text: '' },
      [`${pods}/d%3A4040/proxy/api/v1/applications`]: { status: 200, body: [], delayMs: 4_000 },
    })
    const { exitCode, stdout } = await cluster.diagnose('d', '--timeout', '1s', '-o', 'json')
    assert.equal(exitCode, 5)
    const { unknown } = JSON.parse(stdout)
    const why = unknown.find(({ what }: { what: string }) => what === 'threads').why
    assert.match(why, /^no response within /)
  })

  test('the thread dump of the Spark UI shows a deadlock → it is reported', async (t) => {
    const proxy = `${pods}/d%3A4041/proxy/api/v1/applications`
    const thread = (threadId: number, threadName: string, blockedByThreadId: number) => ({
      threadId,
      threadName,
      threadState: 'BLOCKED',
      stackTrace: { elems: ['A.b(A.java:1)\n'] },
      blockedByThreadId,
      blockedByLock: 'Lock(x)',
      isDaemon: false,
    })
    const container = {
      name: 'spark-kubernetes-driver',
      args: ['driver'],
      ports: [{ name: 'spark-ui', containerPort: 4041 }],
    }
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [`${pods}/d`]: podObject(runs, { phase: 'Running', spec: { containers: [container], nodeName: 'node1' } }),
      [`${pods}/d/log`]: { status: 200, text: '' },
      [proxy]: { status: 200, body: [{ id: 'spark-1' }] },
      [`${proxy}/spark-1/executors`]: { status: 200, body: [{ id: 'driver', addTime: '2026-11-24T11:00:00.000GMT' }] },
      [`${proxy}/spark-1/executors/driver/threads`]: {
        status: 200,
        body: [thread(1, 'main', 2), thread(2, 'other', 1)],
      },
    })
    const { exitCode, stdout } = await cluster.diagnose('d', '-o', 'json')
    assert.deepEqual([exitCode, JSON.parse(stdout).findings[0].id], [3, 'SPN-HANG-DEADLOCK'])
  })

  test('a hung driver with black boxes → saved in the bundle, and the frame that matters in the finding', async (t) => {
    const summary = { number: 2, at: '2026-11-24T11:50:00Z', occasion: 'failing', topFrame: 'main at a.B.c(B.java:1)' }
    const status = { state: 'hung', reason: 'frozen', detail: 'no CPU time', blackBoxes: [summary, { number: 1 }] }
    const container = { name: 'spark-kubernetes-driver', args: ['driver'] }
    const sidecar = { name: 'spark-nanny', restartPolicy: 'Always' }
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [`${pods}/d`]: podObject(runs, {
        phase: 'Running',
        spec: { containers: [container], initContainers: [sidecar], nodeName: 'node1' },
      }),
      [`${pods}/d/log`]: { status: 200, text: '' },
      [`${pods}/d%3A9165/proxy/status`]: { status: 200, body: status },
      [`${pods}/d%3A9165/proxy/blackbox/2`]: { status: 200, body: { summary, answers: { jobs: 'password=hunter2' } } },
    })
    const { stdout } = await cluster.diagnose('d', '-o', 'json', '--save', 'b')
    const [finding] = JSON.parse(stdout).findings
    assert.equal(finding.id, 'SPN-HANG-UNRESPONSIVE')
    assert.match(JSON.stringify(finding.evidence), /black box: main at a\.B\.c\(B\.java:1\)/)
    const [box, ...others] = JSON.parse(cluster.written.get('b/blackbox.json') ?? '[]')
    assert.deepEqual([box.summary, others], [summary, []])
    assert.doesNotMatch(box.answers.jobs, /hunter2/)
  })

  test('a bundle saved from a cluster → the same report, with the same unknown evidence', async (t) => {
    const cluster = await fakeCluster(t, {
      ...surroundings,
      [`${pods}/d`]: podObject(exited(1)),
      [`${pods}/d/log`]: { status: 200, text: oom },
      '/api/v1/nodes/node1': { status: 403, body: { message: 'no' } },
    })
    const live = await cluster.diagnose('d', '-o', 'json', '--save', 'b')
    const files = Object.fromEntries(cluster.written)
    assert.deepEqual(Object.keys(files).toSorted(), [
      'b/bundle.json',
      'b/driver.log',
      'b/events.json',
      'b/pod.json',
      'b/quota.json',
      'b/spark.properties',
    ])
    const { runCli } = await import('../run-cli.ts')
    const missing = () => Promise.reject(Object.assign(new Error('ENOENT'), { code: 'ENOENT' }))
    const again = await runCli(['diagnose', '--bundle', 'b', '-o', 'json'], {}, '', {
      readFile: async (path) => files[path] ?? missing(),
      async *readBytes(path) {
        yield new TextEncoder().encode(files[path] ?? (await missing()))
      },
    })
    assert.deepEqual(JSON.parse(again.stdout), JSON.parse(live.stdout))
    assert.equal(again.exitCode, live.exitCode)
  })

  test('--save names a directory with files → usage error before any request', async () => {
    const { runCli } = await import('../run-cli.ts')
    const { exitCode, stderr } = await runCli(['diagnose', 'd', '-n', 'jobs', '--save', 'b'], {}, '', {
      connect: async () => ({
        api: {
          request: () => assert.fail('a request was sent'),
          watch: () => assert.fail('a watch was started'),
        },
        server: '',
        namespace: 'jobs',
        context: null,
        close: () => {},
      }),
      makePrivateFolder: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTEMPTY' })),
    })
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: --save b: the directory is not empty; specify a new or empty directory\n/)
  })
})
