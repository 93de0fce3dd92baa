import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import type { KubernetesApi } from '../../../kubernetes/api.ts'
import { createClient } from '../../../kubernetes/client.ts'
import { binary } from '../../cluster/harness/paths.ts'
import { freePort } from '../../support/free-ports.ts'
import { type Processes, until } from './processes.ts'

/** The Kubernetes API of the benchmark: a real kube-apiserver and etcd, with kwok instead of kubelets. */
export interface ScaleApi {
  readonly port: number
  readonly caPem: string
  /** A client with cluster admin rights. */
  readonly api: KubernetesApi
  /** The audit log: the requests of `webhookUser`, one JSON line each. */
  readonly auditLog: string
  /** Starts kwok, which manages nodes and pods by the stages in this folder. */
  startKwok(): Kwok
}

/** It stands still while the bench writes what kubelets would: it has nothing to do with these changes, but reads them all. */
export interface Kwok {
  pause(): void
  resume(): void
}

/** The user of the process under test. */
export const webhookUser = 'system:serviceaccount:spark-nanny:spark-nanny'

/** Starts the API on free ports of the loopback interface, with all files in `dir`. */
export async function startApi(dir: string, processes: Processes): Promise<ScaleApi> {
  const file = (name: string) => join(dir, name)
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()]
  const authority = createAuthority(new Date(), 1)
  const serving = issueServingCertificate(authority, ['127.0.0.1'], new Date(), 1)
  const token = randomBytes(16).toString('hex')
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  mkdirSync(dir, { recursive: true })
  const secret = { mode: 0o600 }
  writeFileSync(file('ca.crt'), authority.certificatePem)
  writeFileSync(file('api.crt'), serving.certificatePem)
  writeFileSync(file('api.key'), serving.privateKeyPem, secret)
  writeFileSync(file('accounts.key'), keys.privateKey, secret)
  writeFileSync(file('accounts.pub'), keys.publicKey)
  writeFileSync(file('tokens.csv'), `${token},bench,bench,system:masters\n`, secret)
  writeFileSync(file('audit.json'), JSON.stringify(auditPolicy))
  writeFileSync(file('kubeconfig'), JSON.stringify(kubeconfig(port, file('ca.crt'), token)), secret)

  const etcd = `http://127.0.0.1:${etcdPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  processes.start('etcd', binary('etcd'), [
    `--data-dir=${file('etcd')}`,
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ])
  const { logFile } = processes.start('kube-apiserver', binary('kube-apiserver'), [
    `--etcd-servers=${etcd}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    // Pods name service accounts that do not exist here.
    '--disable-admission-plugins=ServiceAccount',
    '--allow-privileged=true',
    `--tls-cert-file=${file('api.crt')}`,
    `--tls-private-key-file=${file('api.key')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('accounts.pub')}`,
    `--service-account-signing-key-file=${file('accounts.key')}`,
    `--audit-log-path=${file('audit.log')}`,
    `--audit-policy-file=${file('audit.json')}`,
    '--profiling=false',
  ])
  const api = createClient({
    server: `https://127.0.0.1:${port}`,
    tls: { ca: authority.certificatePem },
    authorization: async () => `Bearer ${token}`,
  })
  await until('the API server is ready', 120_000, logFile, async () => {
    const answer = await api.request({ method: 'GET', path: '/readyz', deadlineMs: 5_000 })
    return answer.kind === 'response' && answer.status === 200
  })
  return {
    port,
    caPem: authority.certificatePem,
    api,
    auditLog: file('audit.log'),
    startKwok: () => {
      const { child } = processes.start('kwok', binary('kwok'), [
        `--kubeconfig=${file('kubeconfig')}`,
        '--manage-all-nodes=true',
        '--cidr=10.128.0.0/9',
        '--node-lease-duration-seconds=40',
        '-v=WARN',
        `--config=${join(import.meta.dirname, 'stages.yaml')}`,
      ])
      return { pause: () => void child.kill('SIGSTOP'), resume: () => void child.kill('SIGCONT') }
    },
  }
}

/** An audit policy that logs only the requests of the process under test. */
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', users: [webhookUser] }, { level: 'None' }],
}

const kubeconfig = (port: number, caFile: string, token: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'bench', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': caFile } }],
  users: [{ name: 'bench', user: { token } }],
  contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  'current-context': 'bench',
})
