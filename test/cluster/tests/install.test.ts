import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { createAuthority, issueServingCertificate, type KeyPair } from '../../../certs/pki/issue-certificates.ts'
import { renewCertificate, startCertManager, stopCertManager } from '../harness/cert-manager.ts'
import {
  fullnameOf,
  helmInstall,
  helmOn,
  helmUninstall,
  type Installation,
  webhookPods,
} from '../harness/chart/installation.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { getPod, waitForSuccess } from '../harness/pods.ts'
import { waitFor } from '../harness/processes.ts'
import { start } from '../harness/scenario.ts'
import { isInjected } from '../harness/sidecar.ts'

const drivers = `installed-${process.pid}`
const ofName = (release: string): Installation => ({ release, namespace: `${release}-${process.pid}` })
const own = ofName('own-certificates')
const byCertManager = ofName('cert-manager')
const bySecret = ofName('existing-secret')
const installations = [own, byCertManager, bySecret]
let cluster: Cluster

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, drivers, { 'spark-nanny.io/inject': 'enabled' })
})
after(async () => {
  for (const installation of installations) await helmUninstall(cluster, installation)
  await stopCertManager(cluster)
  const namespaces = [drivers, ...installations.map(({ namespace }) => namespace)]
  await Promise.all(namespaces.map((name) => deleteNamespace(cluster, name)))
})

const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`

/** Whether a driver pod would be injected now. Nothing is stored. */
const injects = async (): Promise<boolean> => {
  const labels = { 'spark-role': 'driver', 'spark-app-selector': 'spark-1' }
  const containers = [{ name: 'spark-kubernetes-driver', image: 'localhost/pause:1', args: ['driver'] }]
  const body = { metadata: { generateName: 'dry-', labels }, spec: { containers } }
  return isInjected(await cluster.core.createNamespacedPod({ namespace: drivers, dryRun: 'All', body }))
}

/** Waits after an installation, because the API server, kube-proxy and cert-manager's cainjector take a moment. */
const injecting = (): Promise<true> =>
  waitFor({ what: 'drivers are injected', timeoutMs: 30_000 }, async () => ((await injects()) ? true : undefined))

/** The serial numbers of the certificates that the replicas serve. */
const served = async (installation: Installation): Promise<readonly string[]> => {
  const pods = await webhookPods(cluster, installation)
  const serials = pods.map(({ status }) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const socket = connect({ host: status?.podIP ?? '', port: 8443, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
    socket.once('error', reject)
    return promise
  })
  return [...new Set(await Promise.all(serials))]
}

/** Checks injection repeatedly until all replicas serve the certificate that results from `change`. */
const renewed = async (installation: Installation, change: () => Promise<void>): Promise<void> => {
  const before = await served(installation)
  await change()
  await waitFor({ what: 'all replicas serve the new certificate', timeoutMs: 180_000, everyMs: 1_000 }, async () => {
    assert.ok(await injects(), 'a driver was not injected')
    const now = await served(installation)
    return now.length === 1 && !before.includes(now[0] ?? '') ? true : undefined
  })
  assert.ok(await injects(), 'a driver was not injected')
}

/** All objects named or labelled after the installation, except those that expire by themselves. */
const remains = async (installation: Installation): Promise<readonly string[]> => {
  const fullname = fullnameOf(installation)
  const kinds = (await cluster.kubectl(['api-resources', '--verbs=list', '-o', 'name'])).split('\n')
  const asked = kinds.filter((kind) => kind !== '' && !/^events|^namespaces$|endpoint|metrics\.k8s\.io$/.test(kind))
  const format = 'jsonpath={range .items[*]}{.kind}/{.metadata.name}{"\\n"}{end}'
  const names = await cluster.kubectl(['get', asked.join(','), '-A', '--ignore-not-found', '-o', format])
  return names.split('\n').filter((name) => name.includes(fullname))
}

describe('installation', () => {
  test('one helm install → the next driver is protected', async (context) => {
    const from = performance.now()
    await helmInstall(cluster, own, { extraEnv: [{ name: 'SPARK_NANNY_CA_ROTATION_HOLD', value: '10s' }] })
    context.diagnostic(`helm install --wait: ${seconds(from)}`)
    const driver = await start(cluster, context, drivers, { name: 'first', mode: 'pi' })
    assert.ok(isInjected(await getPod(cluster, driver)))
    context.diagnostic(`from nothing to a guarded driver: ${seconds(from)}`)
    await waitForSuccess(cluster, driver, 240_000)
  })

  test('helm test → passes and leaves nothing behind', async () => {
    const output = await helmOn(cluster, ['test', own.release, '--namespace', own.namespace, '--timeout', '2m'])
    assert.match(output, /Phase:\s+Succeeded/)
    assert.deepEqual(
      (await remains(own)).filter((name) => name.endsWith('-test')),
      [],
    )
  })

  test('a deleted Secret → is recreated, and drivers are injected throughout', async () => {
    await renewed(own, async () => {
      await cluster.kubectl(['-n', own.namespace, 'delete', 'secret', `${fullnameOf(own)}-webhook-tls`])
    })
  })

  test('an uninstallation → leaves nothing behind, and drivers start', async () => {
    assert.ok((await remains(own)).length > 10)
    await helmUninstall(cluster, own)
    assert.equal(await injects(), false)
    await waitFor({ what: 'the replicas are gone', timeoutMs: 90_000 }, async () => {
      const labelSelector = `app.kubernetes.io/instance=${own.release}`
      const { items } = await cluster.core.listNamespacedPod({ namespace: own.namespace, labelSelector })
      return items.length === 0 ? true : undefined
    })
    await waitFor({ what: 'nothing remains', timeoutMs: 30_000 }, async () => {
      const names = await remains(own)
      if (names.length > 0) throw new Error(names.join(', '))
      return true
    })
  })

  test('cert-manager → one helm install, and certificates are renewed without an outage', async (context) => {
    await startCertManager(cluster)
    const from = performance.now()
    await helmInstall(cluster, byCertManager, { certManager: { enabled: true } })
    await injecting()
    context.diagnostic(`with cert-manager, from nothing to a guarded driver: ${seconds(from)}`)
    await renewed(byCertManager, () =>
      renewCertificate(cluster, byCertManager.namespace, `${fullnameOf(byCertManager)}-webhook`),
    )
    await helmUninstall(cluster, byCertManager)
  })

  test('a Secret provided by the user → is used, replaced, and the caBundle follows', async () => {
    const hosts = ['', '-a', '-b'].map((half) => `${fullnameOf(bySecret)}-webhook${half}.${bySecret.namespace}.svc`)
    const write = async (
      verb: 'create' | 'replace',
      authority: KeyPair,
      trusted: readonly KeyPair[],
    ): Promise<void> => {
      const leaf = issueServingCertificate(authority, hosts as [string, ...string[]], new Date())
      const stringData = {
        'tls.crt': leaf.certificatePem,
        'tls.key': leaf.privateKeyPem,
        'ca.crt': trusted.map(({ certificatePem }) => certificatePem).join(''),
      }
      const metadata = { name: 'user-tls', namespace: bySecret.namespace }
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', stringData }
      await cluster.kubectl([verb, '-f', '-'], JSON.stringify(secret))
    }
    const [first, second] = [createAuthority(new Date()), createAuthority(new Date())]
    await createNamespace(cluster, bySecret.namespace)
    await write('create', first, [first])
    await helmInstall(cluster, bySecret, { webhook: { tls: { existingSecret: 'user-tls' } } })
    await injecting()
    // A CA is replaced without an outage: it is trusted first, and used once all API servers trust it.
    await write('replace', first, [first, second])
    await waitFor({ what: 'the caBundle holds both', timeoutMs: 180_000, everyMs: 1_000 }, async () => {
      const path = 'jsonpath={.webhooks[*].clientConfig.caBundle}'
      const bundles = await cluster.kubectl(['get', 'mutatingwebhookconfiguration', fullnameOf(bySecret), '-o', path])
      const count = (text: string) => Buffer.from(text, 'base64').toString().split('BEGIN CERTIFICATE').length - 1
      return bundles.split(' ').every((bundle) => count(bundle) === 2) ? true : undefined
    })
    await sleep(2_000)
    await renewed(bySecret, () => write('replace', second, [first, second]))
  })
})
