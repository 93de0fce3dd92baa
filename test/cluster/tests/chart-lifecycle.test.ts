import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { installDefinitions, removeDefinitions } from '../harness/cert-manager.ts'
import { chartDir, helm } from '../harness/chart/helm.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { runDir } from '../harness/paths.ts'

/** An installation without pods. The test writes what the process would write. The real process has its own test. */
const namespace = `chart-lifecycle-${process.pid}`
const release = `nanny-${process.pid}`
const fullname = `${release}-spark-nanny`
const charts = join(runDir, 'chart-lifecycle')
let cluster: Cluster
/** The objects of the namespace without the release. */
let atFirst: readonly string[] = []

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace)
  await kubectl('wait', '--for=create', 'configmap/kube-root-ca.crt', '--timeout=60s')
  atFirst = await objects()
  mkdirSync(charts, { recursive: true })
})
after(async () => {
  await helm(['uninstall', release, ...here(), '--ignore-not-found'])
  await deleteNamespace(cluster, namespace)
  rmSync(charts, { recursive: true })
})

const here = () => ['--namespace', namespace, '--kubeconfig', cluster.kubeconfigPath]
const kubectl = (...args: readonly string[]) => cluster.kubectl(['--namespace', namespace, ...args])
const read = async (...args: readonly string[]) => JSON.parse(await kubectl('get', ...args, '-o', 'json'))

async function install(chart: string, ...more: readonly string[]): Promise<void> {
  const args = ['upgrade', '--install', release, chart, ...here(), '--set', 'replicaCount=0', ...more]
  const { code, stderr } = await helm(args)
  assert.equal(code, 0, stderr)
}

/** The chart with an older version. */
function earlierChart(): string {
  const path = join(charts, 'spark-nanny')
  cpSync(chartDir, path, { recursive: true })
  const file = join(path, 'Chart.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^(version|appVersion): .*$/gm, '$1: 0.0.9'))
  return path
}

const caBundle = Buffer.from('the authority').toString('base64')

/** Writes as the process does, with its field manager. */
async function writeAsProcess(): Promise<void> {
  const patch = (kind: string, name: string, type: string, body: object) =>
    kubectl('patch', kind, name, '--field-manager=spark-nanny', `--type=${type}`, '-p', JSON.stringify(body))
  await patch('secret', `${fullname}-webhook-tls`, 'merge', { data: { 'tls.crt': caBundle } })
  await patch('lease', fullname, 'merge', { spec: { holderIdentity: 'a-pod', leaseTransitions: 3 } })
  const { webhooks: present } = await read('mutatingwebhookconfiguration', fullname)
  const webhooks = present.map(({ name }: { name: string }) => ({ name, clientConfig: { caBundle } }))
  await patch('mutatingwebhookconfiguration', fullname, 'strategic', { webhooks })
}

async function assertWritten(): Promise<void> {
  assert.deepEqual((await read('secret', `${fullname}-webhook-tls`)).data, { 'tls.crt': caBundle })
  assert.equal((await read('lease', fullname)).spec.holderIdentity, 'a-pod')
  const { webhooks } = await read('mutatingwebhookconfiguration', fullname)
  for (const { clientConfig } of webhooks) assert.equal(clientConfig.caBundle, caBundle)
}

/** Every object of the namespace, and the cluster-wide objects named after the release, with any labels. */
async function objects(): Promise<readonly string[]> {
  const list = async (namespaced: boolean) => {
    const kinds = await kubectl('api-resources', '--verbs=list', `--namespaced=${namespaced}`, '-o', 'name')
    const asked = kinds.split('\n').filter((kind) => kind !== '' && !/^events|metrics\.k8s\.io$/.test(kind))
    return (await kubectl('get', asked.join(','), '-o', 'name', '--ignore-not-found')).split('\n')
  }
  const ofCluster = (await list(false)).filter((name) => name.includes(fullname))
  return [...(await list(true)), ...ofCluster].filter((name) => name !== '').sort()
}

describe('chart lifecycle', () => {
  test('an upgrade → keeps what the webhook process has written', async () => {
    await install(earlierChart())
    await writeAsProcess()
    const condition = { name: 'all', expression: 'true' }
    await install(
      chartDir,
      '--set-json',
      `webhook=${JSON.stringify({ timeoutSeconds: 2, matchConditions: [condition] })}`,
    )
    await assertWritten()
    const { webhooks, metadata } = await read('mutatingwebhookconfiguration', fullname)
    assert.equal(webhooks[0].timeoutSeconds, 2)
    assert.notEqual(metadata.labels['app.kubernetes.io/version'], '0.0.9')
    await install(chartDir, '--set', 'webhook.admitServices=false')
    assert.equal((await read('mutatingwebhookconfiguration', fullname)).webhooks.length, 2)
    await install(chartDir)
    await writeAsProcess()
    await assertWritten()
  })

  test('a Secret and a Lease recreated by the webhook → do not block an upgrade', async () => {
    await kubectl('delete', 'secret', `${fullname}-webhook-tls`)
    await kubectl('delete', 'lease', fullname)
    await kubectl('create', 'secret', 'generic', `${fullname}-webhook-tls`, '--field-manager=spark-nanny')
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: fullname, namespace } }
    await cluster.kubectl(['create', '--field-manager=spark-nanny', '-f', '-'], JSON.stringify(lease))
    await writeAsProcess()
    await install(chartDir)
    await assertWritten()
  })

  test('a switch from self-signed certificates to cert-manager and back → works as an upgrade', async (context) => {
    context.after(() => removeDefinitions(cluster))
    await installDefinitions(cluster)
    await install(chartDir, '--set', 'certManager.enabled=true')
    await install(chartDir)
  })

  test('an uninstallation → deletes the webhook configuration first and leaves nothing behind', async () => {
    assert.ok((await objects()).length > atFirst.length + 10)
    const { code, stderr } = await helm(['uninstall', release, ...here(), '--wait', '--debug'])
    assert.equal(code, 0, stderr)
    const deleted = [...stderr.matchAll(/starting delete resource.* kind=(\w+)/g)].map(([, kind]) => kind)
    assert.equal(deleted[0], 'MutatingWebhookConfiguration', stderr)
    assert.deepEqual(await objects(), atFirst)
  })

  test('an upgrade from the predecessor’s chart with its values → succeeds', async () => {
    const path = join(charts, 'legacy')
    mkdirSync(join(path, 'templates'), { recursive: true })
    writeFileSync(join(path, 'Chart.yaml'), 'apiVersion: v2\nname: spark-nanny\nversion: 0.3.1\nappVersion: v0.2.1\n')
    writeFileSync(join(path, 'templates/objects.yaml'), JSON.stringify(legacyObjects))
    const values = ['--set', 'sparkApps=etl', '--set', 'args={--interval=45}', '--set', 'listenPort=9164']
    await install(path, ...values)
    await install(chartDir, ...values)
    const { spec } = await read('deployment', `${fullname}-a`)
    assert.equal(spec.strategy.type, 'RollingUpdate')
    const env = spec.template.spec.containers.flatMap(({ env }: { env: object[] }) => env)
    assert.deepEqual(
      env.find(({ name }: { name: string }) => name === 'SPARK_NANNY_SETTINGS')?.value,
      '{"interval":"45s"}',
    )
    assert.equal(spec.template.spec.containers.length, 1)
  })
})

/** What there is of it in a cluster, as far as an upgrade may meet it: names, selector, strategy, role. */
const legacyObjects = (() => {
  const labels = { 'app.kubernetes.io/name': 'spark-nanny', 'app.kubernetes.io/instance': '{{ .Release.Name }}' }
  const metadata = { name: '{{ .Release.Name }}-spark-nanny', labels }
  const apiGroup = 'rbac.authorization.k8s.io'
  const container = { name: 'spark-nanny', image: 'localhost/none', args: ['--apps=etl'] }
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      {
        apiVersion: `${apiGroup}/v1`,
        kind: 'Role',
        metadata,
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'delete'] }],
      },
      {
        apiVersion: `${apiGroup}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup, kind: 'Role', name: metadata.name },
        subjects: [{ kind: 'ServiceAccount', name: metadata.name, namespace: '{{ .Release.Namespace }}' }],
      },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: {
          replicas: 0,
          strategy: { type: 'Recreate' },
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { serviceAccountName: metadata.name, containers: [container] } },
        },
      },
    ],
  }
})()
