import { join } from 'node:path'
import { binary, kubeconfigPath, runDir } from '../paths.ts'
import { daemonLog, daemonPid, run, startDaemon, stopDaemon, waitFor } from '../processes.ts'
import { apiServerPort, serviceRange } from './names.ts'
import { kubeconfigOf, pki } from './pki.ts'

const etcdAddress = 'http://127.0.0.1:2379'

export const startEtcd = (): void =>
  startDaemon('etcd', binary('etcd'), [
    `--data-dir=${join(runDir, 'etcd')}`,
    `--listen-client-urls=${etcdAddress}`,
    `--advertise-client-urls=${etcdAddress}`,
    '--listen-peer-urls=http://127.0.0.1:2380',
    // The data of a test cluster need not outlive a power cut.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ])

const apiServerArgs = (nodeAddress: string): string[] => [
  `--etcd-servers=${etcdAddress}`,
  `--secure-port=${apiServerPort}`,
  `--advertise-address=${nodeAddress}`,
  `--service-cluster-ip-range=${serviceRange}`,
  '--authorization-mode=Node,RBAC',
  '--enable-admission-plugins=NodeRestriction',
  '--allow-privileged=true',
  `--client-ca-file=${pki('ca.crt')}`,
  `--tls-cert-file=${pki('apiserver.crt')}`,
  `--tls-private-key-file=${pki('apiserver.key')}`,
  `--kubelet-certificate-authority=${pki('ca.crt')}`,
  `--kubelet-client-certificate=${pki('apiserver-kubelet-client.crt')}`,
  `--kubelet-client-key=${pki('apiserver-kubelet-client.key')}`,
  '--kubelet-preferred-address-types=InternalIP',
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${pki('sa.pub')}`,
  `--service-account-signing-key-file=${pki('sa.key')}`,
  '--profiling=false',
]

const apiAnswers = async (): Promise<true> => {
  if (daemonPid('kube-apiserver') === undefined) throw new Error(daemonLog('kube-apiserver'))
  await run(binary('kubectl'), ['--kubeconfig', kubeconfigPath, 'get', '--raw', '/readyz'])
  return true
}

const startApiServer = async (nodeAddress: string): Promise<void> => {
  startDaemon('kube-apiserver', binary('kube-apiserver'), apiServerArgs(nodeAddress))
  await waitFor({ what: 'API server is ready', timeoutMs: 90_000, everyMs: 500 }, apiAnswers)
}

/** Ends the API server and starts it again on the same data, as its upgrade does; resolves when the API is ready. */
export const restartApiServer = async (nodeAddress: string): Promise<void> => {
  await stopDaemon('kube-apiserver')
  await startApiServer(nodeAddress)
}

/** Starts API server, controller manager and scheduler; resolves when the API is ready. */
export const startControlPlane = async (nodeAddress: string): Promise<void> => {
  await startApiServer(nodeAddress)
  startDaemon('kube-controller-manager', binary('kube-controller-manager'), [
    `--kubeconfig=${kubeconfigOf('controller-manager')}`,
    // Each controller has its own rights; the manager's own are few.
    '--use-service-account-credentials=true',
    `--root-ca-file=${pki('ca.crt')}`,
    `--service-account-private-key-file=${pki('sa.key')}`,
    `--tls-cert-file=${pki('controller-manager.crt')}`,
    `--tls-private-key-file=${pki('controller-manager.key')}`,
    '--leader-elect=false',
    '--profiling=false',
  ])
  startDaemon('kube-scheduler', binary('kube-scheduler'), [
    `--kubeconfig=${kubeconfigOf('scheduler')}`,
    `--tls-cert-file=${pki('scheduler.crt')}`,
    `--tls-private-key-file=${pki('scheduler.key')}`,
    '--leader-elect=false',
    '--profiling=false',
  ])
}
