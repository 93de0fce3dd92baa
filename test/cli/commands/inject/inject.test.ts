import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import jsonPatch, { type Operation } from 'fast-json-patch'
import { parseAllDocuments, stringify } from 'yaml'
import { capturedObject, runCli } from '../../run-cli.ts'

const driverPod = await capturedObject('driver-pod.spark-submit.json')
const operatorPod = await capturedObject('driver-pod.spark-operator.json')
const driverService = await capturedObject('driver-service.spark-submit.json')
const executorPod = await capturedObject('executor-pod.json')

const application = `
apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata:
  name: opl
  annotations: {spark-nanny.io/interval: 7s, spark-nanny.io/timout: 3s}
spec:
  restartPolicy: {type: OnFailure, onFailureRetries: 2}
`

describe('inject command', () => {
  test('--explain of a SparkApplication → its driver pod is explained with its restartPolicy, settings and UI', async () => {
    const app = application.replace('spec:\n', 'spec:\n  sparkConf: {spark.ui.port: "4050"}\n')
    const { stdout, exitCode } = await runCli(['inject', 'x', '--explain'], { x: app })
    assert.doesNotMatch(stdout, /spark-0{8}/, 'an id that only Spark knows')
    assert.equal(exitCode, 0)
    assert.match(stdout, /^SparkApplication default\/opl: /)
    assert.match(stdout, /container spark-kubernetes-driver: startupProbe, livenessProbe, readinessProbe/)
    assert.match(stdout, /Spark UI: http:\/\/127\.0\.0\.1:4050/)
    assert.match(stdout, /SparkApplication opl \(kubeflow\) has restartPolicy OnFailure, 2 retries/)
    assert.match(stdout, /interval +7s +SparkApplication annotation/)
  })

  test('--explain of a Deployment, a Job and a CronJob → their pods are explained', async () => {
    const template =
      'template: {metadata: {labels: {spark-role: driver}}, spec: {containers: [{name: main, image: a, command: [sleep, "9"]}]}}'
    const job = template.replace('spec: {', 'spec: {restartPolicy: OnFailure, ')
    const x = [
      `{apiVersion: apps/v1, kind: Deployment, metadata: {name: toolbox}, spec: {${template}}}`,
      `{apiVersion: batch/v1, kind: Job, metadata: {name: load}, spec: {${job}}}`,
      `{apiVersion: batch/v1, kind: CronJob, metadata: {name: daily}, spec: {jobTemplate: {spec: {${job}}}}}`,
    ].join('\n---\n')
    const { stdout, exitCode } = await runCli(['inject', 'x', '--explain', '-n', 'jobs'], { x })
    assert.equal(exitCode, 0)
    assert.match(stdout, /Deployment jobs\/toolbox: [\s\S]*not provably a cluster-mode driver/)
    for (const name of ['Job jobs/load', 'CronJob jobs/daily']) {
      assert.ok(stdout.includes(`${name}: `) && stdout.includes('[job-counts-restarts]'), stdout)
    }
  })

  test('--explain of other objects → the output says that there is nothing to explain', async () => {
    const x = '{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}'
    const { stdout } = await runCli(['inject', 'x', '--explain'], { x })
    assert.match(stdout, /nothing to explain/)
  })

  test('an AdmissionReview and a manifest of the same pod → the patch gives the printed manifest', async () => {
    const review = await runCli(['inject', '-f', 'driver-pod.spark-submit.json'])
    assert.equal(review.exitCode, 0)
    const { kind, response } = JSON.parse(review.stdout)
    assert.equal(kind, 'AdmissionReview')
    assert.equal(response.allowed, true)
    const operations: Operation[] = JSON.parse(Buffer.from(response.patch, 'base64').toString())
    const patched = jsonPatch.applyPatch(structuredClone(driverPod), operations).newDocument

    const manifest = await runCli(['inject', '-f', 'pod.json'], { 'pod.json': JSON.stringify(driverPod) })
    assert.equal(manifest.stderr, '')
    assert.deepEqual(JSON.parse(manifest.stdout), patched)
    assert.ok(findSidecar(patched))
  })

  test('JSON or YAML input → output in the same format', async () => {
    const json = await runCli(['inject', '-f', 'x'], { x: JSON.stringify(driverPod) })
    const yaml = await runCli(['inject', '-f', 'x'], { x: stringify(driverPod) })
    assert.deepEqual(parseDocuments(yaml.stdout), [JSON.parse(json.stdout)])
    assert.ok(!yaml.stdout.startsWith('{'))
  })

  test('several documents → only the driver’s objects are changed, and the others keep their meaning', async () => {
    const config = `# a comment
apiVersion: v1
kind: ConfigMap
metadata: {name: c, creationTimestamp: 2026-11-22T14:32:26Z}
data: {answer: "yes", mode: "0644", time: "12:30", empty: "", commit: e5, "n": "1"}
spec: {defaultMode: 0644, flag: yes, ratio: 1:30, share: .5, size: 1.5e3, .: {}}
`
    const text = [config, stringify(executorPod), stringify(driverService), '# nothing\n', stringify(driverPod)].join(
      '---\n',
    )
    const { exitCode, stdout, stderr } = await runCli(['inject', '-f', '-'], {}, text)
    assert.equal(exitCode, 0)
    const [printedConfig, executor, service, pod, ...rest] = parseDocuments(stdout)
    assert.deepEqual(rest, [])
    assert.deepEqual(printedConfig, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', creationTimestamp: '2026-11-22T14:32:26Z' },
      data: { answer: 'yes', mode: '0644', time: '12:30', empty: '', commit: 'e5', n: '1' },
      spec: { defaultMode: 420, flag: true, ratio: '1:30', share: 0.5, size: 1500, '.': {} },
    })
    assert.deepEqual(executor, executorPod)
    assert.match(stderr, /^Pod spark\/\S+: not changed: an executor/m)
    assert.equal((service as { spec: { publishNotReadyAddresses?: boolean } }).spec.publishNotReadyAddresses, true)
    assert.ok(findSidecar(pod))
  })

  test('a List → its driver is injected, and the order of its items is kept', async () => {
    const list = { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: [executorPod, driverPod] }
    const { stdout } = await runCli(['inject', '-f', 'x'], { x: JSON.stringify(list) })
    const printed = JSON.parse(stdout)
    assert.deepEqual({ ...printed, items: [] }, { ...list, items: [] })
    assert.deepEqual(printed.items[0], executorPod)
    assert.ok(findSidecar(printed.items[1]))
  })

  test('an injected pod → printed unchanged', async () => {
    const once = await runCli(['inject', '-f', 'x'], { x: JSON.stringify(driverPod) })
    const twice = await runCli(['inject', '-f', 'x'], { x: once.stdout })
    assert.equal(twice.stdout, once.stdout)
    assert.match(twice.stderr, /not changed: the pod already has the sidecar/)
  })

  test('consecutive JSON objects → each is a document', async () => {
    const text = `${JSON.stringify(executorPod)}\n${JSON.stringify(driverService, null, 2)}\n`
    const { stdout, exitCode } = await runCli(['inject', '-f', 'x'], { x: text })
    assert.equal(exitCode, 0)
    assert.deepEqual(JSON.parse(stdout.slice(0, stdout.indexOf('\n}\n') + 2)), executorPod)
  })

  test('--explain → shows the decision, its reason and the source of each setting', async () => {
    const pod = structuredClone(operatorPod) as { metadata: { annotations?: Record<string, string> } }
    pod.metadata.annotations = { ...pod.metadata.annotations, 'spark-nanny.io/failure-threshold': '5' }
    const files = { 'pod.json': JSON.stringify(pod), 'app.yaml': application }
    const args = ['inject', '-f', 'pod.json', '--application', 'app.yaml', '--explain', '--set', 'log-level=debug']
    const { stdout, stderr, exitCode } = await runCli(args, files)
    assert.equal(exitCode, 0)
    assert.equal(stderr, '')
    const golden = join(import.meta.dirname, '../../../golden/cli/explain.operator.txt')
    if (process.env.UPDATE_GOLDEN === '1') await writeFile(golden, stdout)
    assert.equal(stdout, await readFile(golden, 'utf8'))

    const [explanation] = JSON.parse((await runCli([...args, '-o', 'json'], files)).stdout)
    assert.equal(explanation.reason.code, 'injected')
    assert.deepEqual(
      explanation.settings.filter(({ source }: { source: string }) => source !== 'default'),
      [
        { key: 'interval', value: '7s', source: 'application' },
        { key: 'failure-threshold', value: '5', source: 'pod' },
        { key: 'log-level', value: 'debug', source: 'chart' },
      ],
    )
  })

  const explained = async (name: string, ...args: readonly string[]) => {
    const file = (part: string) => readFile(join(import.meta.dirname, '../../../data/manifests', name, part), 'utf8')
    const ran = await runCli(['inject', '-f', 'pod.yaml', ...args, '--explain'], {
      'pod.yaml': await file('pod.yaml'),
      'app.yaml': await file('app.yaml').catch(() => ''),
    })
    return ran.stdout
  }

  test('--explain of a driver with its own liveness probe → one statement about a hang', async () => {
    const text = await explained('explain-own-liveness', '--application', 'app.yaml')
    assert.match(text, /action for a hung driver: report only/)
    assert.doesNotMatch(text, /fail the pod|the pod of a hung driver fails/)
  })

  test('--explain of a pod that the kubelet restarts → says what follows the last restart', async () => {
    assert.match(await explained('explain-onfailure-pod'), /at most 3 in 1h, .*; after the last one, report only/)
  })

  test('--explain of a toolbox → what it does not prove, and nothing that is added to its container', async () => {
    const text = await explained('client-toolbox')
    assert.match(text, /identity: not provably a cluster-mode driver/)
    assert.match(text, /doubts:\n {4}- its command runs neither/)
    assert.match(text, /container main: no probes/)
    assert.match(text, /action for a hung driver: report only\n {4}- this may not be/)
    assert.match(text, /settings: all have their defaults/)
  })

  const decisions = [
    { args: ['--kubernetes-version', '1.36'], file: 'driver-pod.spark-submit.json', action: /^restart all containers/ },
    {
      args: ['--kubernetes-version', 'v1.35.9'],
      file: 'driver-pod.spark-submit.json',
      action: /^restart the driver container by its exit code/,
    },
    { args: ['--kubernetes-version', 'v1.34.4'], file: 'driver-pod.spark-submit.json', action: /^fail the pod/ },
    {
      args: ['--application', 'app.yaml'],
      file: 'driver-pod.spark-operator.json',
      action: /^restart all containers, at most 2/,
    },
    { args: ['--set', 'restart=observe'], file: 'driver-pod.spark-submit.json', action: /^report only/ },
  ]
  for (const { args, file, action } of decisions) {
    test(`${args.join(' ')} → hung driver: ${action.source.slice(1)}`, async () => {
      const ran = await runCli(['inject', '-f', file, ...args, '--explain', '-o', 'json'], { 'app.yaml': application })
      assert.match(JSON.parse(ran.stdout)[0].hungDriver.action, action)
    })
  }

  test('--application has another name or namespace than the pod’s application → warning', async () => {
    for (const other of [
      application.replace('name: opl', 'name: other'),
      application.replace('name: opl', 'name: opl\n  namespace: elsewhere'),
    ]) {
      const ran = await runCli(['inject', '-f', 'driver-pod.spark-operator.json', '--application', 'a'], { a: other })
      assert.equal(ran.exitCode, 0)
      assert.match(ran.stderr, /warning: no pod in driver-pod\.spark-operator\.json references a SparkApplication in a/)
      assert.match(ran.stderr, /SparkApplication opl could not be read/)
    }
  })
})

function parseDocuments(text: string): readonly unknown[] {
  const documents = parseAllDocuments(text)
  return 'empty' in documents ? [] : documents.map((document): unknown => document.toJS())
}

function findSidecar(pod: unknown): unknown {
  const { spec } = pod as { spec: { initContainers?: readonly { name: string }[] } }
  return spec.initContainers?.find(({ name }) => name === 'spark-nanny')
}
