import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toRecord } from '../../../../core/json.ts'
import { assertGoldenText } from '../../../support/golden-text.ts'
import { runCli } from '../../run-cli.ts'
import { application, exited, pod, runs } from './driver-case.ts'
import { collections, fakeOperator, recoveries } from './fake-operator.ts'

const isWrite = (line: string) => !line.startsWith('GET') && !line.includes('selfsubjectreviews')
const nameTakenMessage = 'failed to run spark-submit: pods "nightly-driver" already exists'
const staleDriver = {
  application: application({ message: nameTakenMessage }),
  pod: pod(exited(1), 'Failed', {
    metadata: { labels: { 'spark-role': 'driver', 'sparkoperator.k8s.io/app-name': 'nightly' } },
  }),
}
/** Replaces the random id of a record and the resource versions of the fake server. */
const normalize = (text: string) =>
  text.replace(/\b[0-9a-f]{8}\b/g, 'RECORD').replace(/resourceVersion("?: "| )\d+/g, 'resourceVersion$1N')

describe('recover', () => {
  test('no --apply → prints the plan and changes nothing', async (t) => {
    const cluster = await fakeOperator(t)
    const { exitCode, stdout, stderr } = await cluster.recover()
    assert.deepEqual([exitCode, stderr], [0, ''])
    await assertGoldenText('cli/recover/raise-memory.txt', normalize(stdout))
    assert.deepEqual(cluster.api.requests.filter(isWrite), [])
  })

  test('--apply → writes a record, patches the application, waits for the next driver, completes the record', async (t) => {
    const cluster = await fakeOperator(t)
    const { exitCode, stdout, stderr } = await cluster.recover('--apply', '--audit-file', 'audit.jsonl')
    assert.deepEqual([exitCode, stderr], [0, ''], stdout)
    await assertGoldenText('cli/recover/recovered.txt', normalize(stdout))
    assert.deepEqual(toRecord(toRecord(cluster.application()?.spec).driver).memory, '1536m')
    const [record, ...others] = recoveries(cluster.application())
    assert.deepEqual(others, [])
    assert.deepEqual(
      { ...record, id: '', at: '', ended: '' },
      {
        id: '',
        by: 'ann',
        at: '',
        ended: '',
        cause: 'SPN-MEMORY-HEAP',
        remedy: 'spark.driver.memory 1g → 1536m',
        steps: ['patch-application'],
        generation: 3,
        pod: 'pod-uid',
        outcome: 'recovered',
      },
    )
    assert.deepEqual(
      cluster.audit.map((line) => JSON.parse(line)).map(({ outcome, application: name, by }) => [outcome, name, by]),
      [
        ['started', 'nightly', 'ann'],
        ['recovered', 'nightly', 'ann'],
      ],
    )
    const events = cluster.api.list(collections.events)
    assert.deepEqual(
      events.map(({ reason, type, involvedObject }) => [reason, type, toRecord(involvedObject).uid]),
      [
        ['SparkNannyRecovery', 'Normal', 'app-uid'],
        ['SparkNannyRecovery', 'Normal', 'app-uid'],
      ],
    )
    const patches = cluster.api.bodies.filter(({ path }) => path.endsWith('/sparkapplications/nightly'))
    for (const { body, contentType } of patches) {
      const { uid, resourceVersion } = toRecord(toRecord(body).metadata)
      assert.deepEqual(
        [contentType, uid, typeof resourceVersion],
        ['application/merge-patch+json', 'app-uid', 'string'],
      )
    }
    // A second call does not change the running driver.
    const again = await cluster.recover('--apply', '-o', 'json')
    assert.deepEqual([again.exitCode, JSON.parse(again.stdout).plan.reason], [6, 'driver-running'])
    cluster.log.text = ''
    assert.equal(JSON.parse((await cluster.recover('--apply', '-o', 'json')).stdout).plan.reason, 'healthy-driver')
  })

  test('--apply with a stale pod → exactly that pod is deleted, then the application runs again', async (t) => {
    const cluster = await fakeOperator(t, staleDriver)
    const { exitCode, stdout } = await cluster.recover('--apply')
    assert.equal(exitCode, 0, stdout)
    await assertGoldenText('cli/recover/stale-pod.txt', normalize(stdout).replace(/"[^"]*T12:[^"]*Z"/g, '"NOW"'))
    const deletion = cluster.api.bodies.find(({ path }) => path.endsWith('/pods/nightly-driver'))
    assert.equal(toRecord(toRecord(deletion?.body).preconditions).uid, 'pod-uid')
    assert.equal(typeof toRecord(toRecord(deletion?.body).preconditions).resourceVersion, 'string')
  })

  test('-o json → the plan and its result in one document', async (t) => {
    const cluster = await fakeOperator(t)
    const plan = JSON.parse((await cluster.recover('-o', 'json')).stdout)
    assert.deepEqual([plan.plan.kind, plan.plan.cause.id, plan.result], ['apply', 'SPN-MEMORY-HEAP', null])
    assert.deepEqual(plan.plan.steps[0].spec, { driver: { memory: '1536m' } })
    const { result } = JSON.parse((await cluster.recover('--apply', '-o', 'json')).stdout)
    assert.deepEqual([result.kind, result.progress.kind], ['watched', 'responding'])
  })

  test('the operator writes the status during --apply → the same decision on the newer version', async (t) => {
    const cluster = await fakeOperator(t)
    let conflicts = 0
    cluster.answer('PATCH', /sparkapplications\/nightly/, () => {
      if (conflicts === 2) return undefined
      conflicts += 1
      const object = cluster.application()
      assert.ok(object !== undefined)
      cluster.api.set(collections.applications, {
        ...object,
        status: { ...toRecord(object.status), executorState: {} },
      })
      return undefined
    })
    const { exitCode, stdout } = await cluster.recover('--apply')
    assert.equal(exitCode, 0, stdout)
    assert.equal(conflicts, 2)
  })

  for (const [condition, change, message] of [
    ['the spec changes', { spec: {}, metadata: { generation: 4 } }, /its spec was changed/],
    [
      'the state changes',
      { status: { applicationState: { state: 'RUNNING' } } },
      /its state was FAILED and is RUNNING/,
    ],
    ['the application is replaced', { metadata: { uid: 'another' } }, /another application has the same name/],
  ] as const) {
    test(`${condition} between plan and apply → nothing is changed, exit code 6`, async (t) => {
      const cluster = await fakeOperator(t)
      cluster.answer('PATCH', /sparkapplications\/nightly/, () => {
        const object = cluster.application()
        assert.ok(object !== undefined)
        const metadata = { ...object.metadata, ...('metadata' in change ? change.metadata : {}) }
        cluster.api.set(collections.applications, { ...object, ...change, metadata })
        return undefined
      })
      const { exitCode, stdout } = await cluster.recover('--apply')
      assert.equal(exitCode, 6)
      assert.match(stdout, message)
      assert.deepEqual(recoveries(cluster.application()), [])
      assert.ok(cluster.api.get(collections.pods, 'jobs', 'nightly-driver') !== undefined)
    })
  }

  test('the status of a stale pod changes during --apply → the pod is still deleted', async (t) => {
    const cluster = await fakeOperator(t, staleDriver)
    let writes = 0
    const touch = () => {
      const object = cluster.api.get(collections.pods, 'jobs', 'nightly-driver')
      if (object !== undefined && writes < 2) cluster.api.set(collections.pods, object)
      writes += 1
      return undefined
    }
    cluster.answer('POST', /selfsubjectreviews/, touch)
    cluster.answer('DELETE', /pods\/nightly-driver/, touch)
    const { exitCode, stdout } = await cluster.recover('--apply')
    assert.equal(exitCode, 0, stdout)
    assert.ok(writes > 2)
  })

  test('the driver runs again before the first write → nothing is changed', async (t) => {
    const cluster = await fakeOperator(t)
    cluster.answer('POST', /selfsubjectreviews/, () => {
      cluster.api.set(collections.pods, pod(runs, 'Running'))
      return undefined
    })
    const { exitCode, stdout } = await cluster.recover('--apply')
    assert.equal(exitCode, 6)
    assert.match(stdout, /The cluster has changed since the plan was made: pod nightly-driver has changed\./)
    assert.deepEqual(cluster.api.requests.filter(isWrite), [])
  })

  test('the stale pod is replaced before its deletion → the new pod is kept, and the record has outcome failed', async (t) => {
    const cluster = await fakeOperator(t, staleDriver)
    cluster.answer('DELETE', /pods\/nightly-driver/, () => {
      cluster.api.set(collections.pods, pod(runs, 'Running', { metadata: { uid: 'fresh' } }))
      return undefined
    })
    const { exitCode, stdout } = await cluster.recover('--apply')
    assert.equal(exitCode, 6, stdout)
    assert.match(stdout, /The cluster has changed/)
    assert.equal(cluster.api.get(collections.pods, 'jobs', 'nightly-driver')?.metadata.uid, 'fresh')
    assert.deepEqual(
      recoveries(cluster.application()).map(({ outcome }) => outcome),
      ['failed'],
    )
  })

  test('the record cannot be written → nothing is changed', async (t) => {
    const cluster = await fakeOperator(t)
    cluster.answer('PATCH', /sparkapplications/, { status: 403, body: { message: 'may not patch' } })
    const { exitCode, stdout } = await cluster.recover('--apply')
    assert.equal(exitCode, 6)
    assert.match(stdout, /the record could not be written, so nothing was changed: HTTP 403: may not patch/)
  })

  test('the audit file cannot be written → nothing is changed, exit code 2', async (t) => {
    const cluster = await fakeOperator(t)
    cluster.audit.push = () => {
      throw new Error('the disk is full')
    }
    const { exitCode, stderr } = await cluster.recover('--apply', '--audit-file', 'audit.jsonl')
    assert.equal(exitCode, 2)
    assert.match(stderr, /--audit-file audit.jsonl: cannot be written: the disk is full/)
    assert.deepEqual(cluster.api.requests.filter(isWrite), [])
  })

  test('a run was interrupted after its patch → the next run watches and completes the record', async (t) => {
    const cluster = await fakeOperator(t)
    cluster.answer('GET', /labelSelector=spark-role/, () => {
      // Interrupts the first run as soon as the patch is applied.
      const isPatched = toRecord(toRecord(cluster.application()?.spec).driver).memory === '1536m'
      if (isPatched && !resumed) throw new Error('gone')
      return undefined
    })
    let resumed = false
    const cut = await cluster.recover('--apply', '--wait', '1s')
    assert.equal(cut.exitCode, 6)
    const object = cluster.application()
    assert.ok(object !== undefined)
    const [record] = recoveries(object)
    const started = JSON.stringify([{ ...record, outcome: 'started', ended: undefined }])
    const metadata = { ...object.metadata, annotations: { 'spark-nanny.io/recoveries': started } }
    cluster.api.set(collections.applications, { ...object, metadata })
    resumed = true
    const before = cluster.api.bodies.length
    const { exitCode, stdout } = await cluster.recover('--apply')
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, /A recovery was interrupted after it changed the cluster/)
    assert.deepEqual(
      recoveries(cluster.application()).map(({ id, outcome }) => [id, outcome]),
      [[record?.id, 'recovered']],
    )
    assert.ok(cluster.api.bodies.slice(before).every(({ body }) => !('spec' in toRecord(body))))
  })

  test('no next driver starts → next steps, and the attempt is recorded', async (t) => {
    const cluster = await fakeOperator(t, { next: null })
    const { exitCode, stdout } = await cluster.recover('--apply', '--wait', '10m')
    assert.equal(exitCode, 6)
    await assertGoldenText('cli/recover/not-recovered.txt', normalize(stdout))
    assert.deepEqual(
      recoveries(cluster.application()).map(({ outcome }) => outcome),
      ['not-recovered'],
    )
    const again = await cluster.recover('--apply')
    assert.equal(again.exitCode, 6)
    assert.match(again.stdout, /Refused: already-tried/)
  })

  test('the next driver fails too → exit code 6 and next steps', async (t) => {
    const cluster = await fakeOperator(t, { next: exited(137, 'OOMKilled') })
    const { exitCode, stdout } = await cluster.recover('--apply')
    assert.equal(exitCode, 6)
    assert.match(stdout, /has failed: exit code 137\.\n {2}Next steps:/)
  })

  test('the Spark UI is forbidden → the driver runs, but its response is unknown, exit code 5', async (t) => {
    const cluster = await fakeOperator(t, { ui: { status: 403, body: { message: 'may not proxy' } } })
    const { exitCode, stdout } = await cluster.recover('--apply')
    assert.equal(exitCode, 5)
    assert.match(stdout, /could not be checked whether it responds/)
    assert.deepEqual(
      recoveries(cluster.application()).map(({ outcome }) => outcome),
      ['runs'],
    )
  })

  test('the application is managed by GitOps → refused, exit code 6', async (t) => {
    const labels = { 'kustomize.toolkit.fluxcd.io/name': 'etl', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' }
    const cluster = await fakeOperator(t, { application: application({ metadata: { labels } }) })
    for (const args of [[], ['--apply']]) {
      const { exitCode, stdout } = await cluster.recover(...args)
      assert.equal(exitCode, 6)
      await assertGoldenText('cli/recover/gitops.txt', stdout)
    }
    assert.deepEqual(cluster.api.requests.filter(isWrite), [])
  })

  test('plain spark-submit → the plan is printed, and --apply changes nothing', async (t) => {
    const cluster = await fakeOperator(t, {
      pod: pod(exited(1), 'Failed', { metadata: { labels: { 'spark-role': 'driver', 'spark-app-name': 'nightly' } } }),
    })
    const object = cluster.application()
    assert.ok(object !== undefined)
    cluster.api.remove(collections.applications, object)
    cluster.answer('GET', /configmaps\/conf-map/, {
      status: 200,
      body: { data: { 'spark.properties': 'spark.driver.memory=2g\nspark.hadoop.fs.s3a.secret.key=abc\n' } },
    })
    const { exitCode, stdout } = await cluster.recover()
    assert.equal(exitCode, 0, stdout)
    await assertGoldenText('cli/recover/plain.txt', normalize(stdout))
    assert.ok(!stdout.includes('abc'))
    const applied = await cluster.recover('--apply')
    assert.equal(applied.exitCode, 6)
    assert.match(applied.stdout, /Nothing was changed: the plan has no step that --apply can run/)
    assert.deepEqual(cluster.api.requests.filter(isWrite), [])
  })

  test('no application or driver has the name → error, exit code 1', async (t) => {
    const cluster = await fakeOperator(t, { pod: null })
    const object = cluster.application()
    assert.ok(object !== undefined)
    cluster.api.remove(collections.applications, object)
    const { exitCode, stderr } = await cluster.recover()
    assert.deepEqual([exitCode, stderr], [1, 'error: there is neither a SparkApplication nor a driver jobs/nightly\n'])
  })

  for (const [args, message] of [
    [[], /missing required argument 'NAME'/],
    [['a', '--wait', 'long'], /--wait <DURATION>' argument 'long' is invalid\. It must be a duration/],
    [['a', '-o', 'yaml'], /Allowed choices are text, json/],
  ] as const) {
    test(`recover ${args.join(' ')} → usage error`, async () => {
      const { exitCode, stderr } = await runCli(['recover', ...args])
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
    })
  }
})
