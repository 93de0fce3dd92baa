import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { chartDir, dryRun, helm, type Manifest, manifestsOf, template, valueArguments } from '../harness/chart/helm.ts'
import { driverNamespaces, type ValueSet, valueSets } from '../harness/chart/value-sets.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { projectDir } from '../harness/paths.ts'

const namespace = `chart-${process.pid}`
let cluster: Cluster
/** Groups and versions that the API server knows: those of cert-manager and Prometheus only where they are installed. */
let served: readonly string[] = []

before(async () => {
  cluster = await connectCluster()
  // The API server warns about pods of a Deployment that it would reject.
  await createNamespace(cluster, namespace, { 'pod-security.kubernetes.io/warn': 'restricted' })
  for (const name of driverNamespaces) await createNamespace(cluster, name)
  for (const name of ['spark-nanny-test', 'nanny-test']) {
    await cluster.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } })
  }
  served = (await cluster.kubectl(['api-versions'])).split('\n')
})
after(async () => {
  for (const name of [namespace, ...driverNamespaces]) await deleteNamespace(cluster, name)
})

describe('chart templates', () => {
  for (const set of valueSets) {
    test(`${set.name} (${set.what}) → lints, renders the golden file, and the API server accepts it`, async () => {
      const lint = await helm(['lint', '--strict', chartDir, ...valueArguments(set)], JSON.stringify(set.values))
      assert.equal(lint.code, 0, lint.stdout + lint.stderr)

      assertGoldenManifests(set, await template(set, 'spark-nanny'))

      const manifests = manifestsOf(await template(set, namespace))
      const known = manifests.filter(({ apiVersion }) => served.includes(apiVersion))
      for (const { apiVersion } of manifests.filter((manifest) => !known.includes(manifest))) {
        assert.match(apiVersion, /^(cert-manager\.io|monitoring\.coreos\.com)\/v1$/)
      }
      const stderr = await dryRunAll(known)
      const warnings = stderr.split('\n').filter((line) => line.startsWith('Warning'))
      const expected = set.name === 'host-network' ? [/would violate PodSecurity "restricted.*host namespaces/s] : []
      assert.equal(warnings.length, expected.length, stderr)
      for (const [index, pattern] of expected.entries()) assert.match(warnings[index] ?? '', pattern)
    })
  }

  test('alerts and dashboard enabled → the files of the chart are rendered unchanged', async () => {
    const on = { values: { prometheusRule: { enabled: true }, grafanaDashboard: { enabled: true } } }
    const manifests = manifestsOf(await template(on, namespace))
    const find = (kind: string) => manifests.find((manifest) => manifest.kind === kind)
    const file = (name: string) => {
      const path = join(chartDir, 'files', name)
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined
    }
    const [alerts, dashboard] = [file('alerts.yaml'), file('dashboard.json')]
    assert.deepEqual(find('PrometheusRule')?.spec, alerts === undefined ? undefined : manifestsOf(alerts)[0])
    const linked = await template(
      { values: { prometheusRule: { enabled: true, runbookBaseUrl: 'https://a.b/c/' } } },
      namespace,
    )
    const urls = linked.match(/runbook_url: .*/g) ?? []
    assert.deepEqual(
      urls.filter((url) => !url.startsWith('runbook_url: https://a.b/c/docs/')),
      [],
    )
    assert.equal(urls.length, alerts?.match(/runbook_url: /g)?.length ?? 0)
    const data = find('ConfigMap')?.data as Readonly<Record<string, string>> | undefined
    const shown = data?.['spark-nanny.json']
    assert.deepEqual(
      shown === undefined ? undefined : JSON.parse(shown),
      dashboard === undefined ? undefined : JSON.parse(dashboard),
    )
  })

  test('the notes → name the next command and show how the legacy values are applied', async () => {
    const notes = async (values: object) => {
      const args = ['install', 'spark-nanny', chartDir, '--namespace', namespace, '--dry-run=server', '--values', '-']
      const { code, stdout, stderr } = await helm(
        [...args, '--kubeconfig', cluster.kubeconfigPath],
        JSON.stringify(values),
      )
      assert.equal(code, 0, stderr)
      return stdout.split('NOTES:')[1] ?? ''
    }
    const plain = await notes({})
    assert.match(plain, /kubectl label namespace NAMESPACE spark-nanny\.io\/inject=enabled/)
    assert.match(plain, /spark-nanny check/)
    assert.doesNotMatch(plain, /bringg|Fail/)
    const legacy = await notes(valueSets.find(({ name }) => name === 'legacy')?.values ?? {})
    for (const replaced of [
      'sparkApps (etl,reports)',
      'metrics.port: 9164',
      'fallback.interval and sidecar.settings.interval: 45s',
    ]) {
      assert.ok(legacy.includes(replaced), replaced)
    }
    assert.match(await notes({ webhook: { failurePolicy: 'Fail' } }), /no driver starts in a labelled namespace/)
  })
})

/** Applies objects of all namespaces as a dry run, which must accept each. Resolves with standard error. */
async function dryRunAll(manifests: readonly Manifest[]): Promise<string> {
  const byNamespace = Map.groupBy(manifests, ({ metadata }) => metadata.namespace ?? namespace)
  let errors = ''
  for (const [name, objects] of byNamespace) {
    const answer = await dryRun(cluster, name, objects)
    assert.equal(answer.code, 0, answer.stderr)
    assert.equal(answer.stdout.match(/\(server dry run\)/g)?.length, objects.length)
    errors += answer.stderr
  }
  return errors
}

/** Compares with test/golden/chart. Alerts and dashboard are left out: they have tests of their own. */
function assertGoldenManifests({ name }: ValueSet, rendered: string): void {
  const ownTests = ({ kind, metadata }: Manifest) => kind === 'PrometheusRule' || metadata.name.endsWith('-dashboard')
  const kept = rendered.split(/^---\n/m).filter((text) => !manifestsOf(text).some(ownTests))
  const text = kept.join('---\n')
  const file = join(projectDir, 'test/golden/chart', `${name}.yaml`)
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  assert.equal(text, readFileSync(file, 'utf8'), `${name}: UPDATE_GOLDEN=1 renews it`)
}
