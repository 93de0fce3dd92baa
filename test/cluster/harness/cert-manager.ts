import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { binary, harnessDir } from './paths.ts'
import { daemonLog, daemonPid, run, startDaemon, stopDaemon, waitFor } from './processes.ts'

const daemon = 'cert-manager'
const module = 'github.com/cert-manager/cert-manager'

/** The folder of cert-manager's CustomResourceDefinitions, in the Go module that the binary is built from. */
const definitions = async (): Promise<string> => {
  const cwd = join(harnessDir, 'binaries/cert-manager')
  const { stdout } = await run('go', ['mod', 'download', '-json', module], { cwd, timeoutMs: 120_000 })
  return join(JSON.parse(stdout).Dir, 'deploy/crds')
}

/** Installs only cert-manager's definitions, so that its objects can be created without any effect. */
export const installDefinitions = async (cluster: Cluster): Promise<void> => {
  await cluster.kubectl(['apply', '--server-side', '-f', await definitions()])
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd/certificates.cert-manager.io', '--timeout=30s'])
}

/** Deletes the definitions, and with them all certificates and issuers. */
export const removeDefinitions = async (cluster: Cluster): Promise<void> => {
  await cluster.kubectl(['delete', '--ignore-not-found', '--timeout=50s', '-f', await definitions()])
}

/** Starts cert-manager's controllers and cainjector on the host. */
export const startCertManager = async (cluster: Cluster): Promise<void> => {
  await installDefinitions(cluster)
  startDaemon(daemon, binary('cert-manager'), [], { KUBECONFIG: cluster.kubeconfigPath })
}

/** Stops the processes and removes the definitions. */
export const stopCertManager = async (cluster: Cluster): Promise<void> => {
  await stopDaemon(daemon)
  await removeDefinitions(cluster)
}

/** Makes cert-manager reissue a Certificate, as `cmctl renew` does, and waits until it is issued. */
export const renewCertificate = async (cluster: Cluster, namespace: string, name: string): Promise<void> => {
  const revision = async () =>
    cluster.kubectl(['-n', namespace, 'get', 'certificate', name, '-o', 'jsonpath={.status.revision}'])
  const before = await revision()
  const condition = { type: 'Issuing', status: 'True', reason: 'ManuallyTriggered', message: 'renewed by a test' }
  const stamped = { ...condition, lastTransitionTime: new Date().toISOString().replace(/\.\d+/, '') }
  const patch = JSON.stringify([{ op: 'add', path: '/status/conditions/-', value: stamped }])
  const target = ['-n', namespace, 'patch', 'certificate', name, '--subresource=status', '--type=json', '-p', patch]
  await cluster.kubectl(target)
  await waitFor({ what: `cert-manager renews ${name}`, timeoutMs: 60_000 }, async () => {
    if (daemonPid(daemon) === undefined) throw new Error(`cert-manager ended: ${daemonLog(daemon)}`)
    return (await revision()) === before ? undefined : true
  })
}
