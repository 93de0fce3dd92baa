import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kubeconfigPath, runDir } from '../paths.ts'
import { run } from '../processes.ts'
import { apiServerPort, apiServiceAddress, nodeName } from './names.ts'

const folder = join(runDir, 'pki')
export const pki = (name: string): string => join(folder, name)
export const kubeconfigOf = (user: string): string => join(folder, `${user}.kubeconfig`)

interface Identity {
  readonly file: string
  readonly name: string
  readonly group?: string
  readonly addresses?: readonly string[]
  readonly key?: readonly string[]
}

const openssl = (...args: string[]): Promise<unknown> => run('openssl', args)
const ellipticKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const rsaKey = ['-newkey', 'rsa:2048', '-nodes']

const issue = async ({ file, name, group, addresses = [], key = ellipticKey }: Identity): Promise<void> => {
  const subject = `${group ? `/O=${group}` : ''}/CN=${name}`
  const alternatives = addresses.map((address) => (/^[\d.]+$/.test(address) ? `IP:${address}` : `DNS:${address}`))
  const extensions = pki(`${file}.ext`)
  writeFileSync(
    extensions,
    [
      'basicConstraints=CA:FALSE',
      'keyUsage=digitalSignature',
      'extendedKeyUsage=serverAuth,clientAuth',
      ...(alternatives.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : []),
      '',
    ].join('\n'),
  )
  const request = pki(`${file}.csr`)
  await openssl('req', '-new', ...key, '-keyout', pki(`${file}.key`), '-out', request, '-subj', subject)
  const signer = ['-CA', pki('ca.crt'), '-CAkey', pki('ca.key'), '-CAcreateserial', '-days', '365']
  await openssl('x509', '-req', '-in', request, ...signer, '-extfile', extensions, '-out', pki(`${file}.crt`))
}

const writeKubeconfig = (path: string, user: string): void =>
  writeFileSync(
    path,
    `apiVersion: v1
kind: Config
clusters: [{name: spark-nanny, cluster: {server: "https://127.0.0.1:${apiServerPort}", certificate-authority: ${pki('ca.crt')}}}]
users: [{name: ${user}, user: {client-certificate: ${pki(`${user}.crt`)}, client-key: ${pki(`${user}.key`)}}}]
contexts: [{name: spark-nanny, context: {cluster: spark-nanny, user: ${user}}}]
current-context: spark-nanny
`,
    { mode: 0o600 },
  )

/** Makes the certificate authority, certificates and kubeconfigs, once for each run. */
export const makePki = async (nodeAddress: string): Promise<void> => {
  if (existsSync(pki('done'))) return
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const ca = ['-x509', '-days', '365', '-subj', '/CN=spark-nanny-test-ca', '-addext', 'keyUsage=critical,keyCertSign']
  await openssl('req', ...ca, ...ellipticKey, '-keyout', pki('ca.key'), '-out', pki('ca.crt'))
  await openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', pki('sa.key'))
  await openssl('pkey', '-in', pki('sa.key'), '-pubout', '-out', pki('sa.pub'))
  const serviceNames = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc']
  const local = ['127.0.0.1', 'localhost', nodeAddress]
  const identities: Identity[] = [
    { file: 'apiserver', name: 'kube-apiserver', addresses: [...local, apiServiceAddress, ...serviceNames] },
    { file: 'apiserver-kubelet-client', name: 'apiserver-kubelet-client', group: 'system:masters' },
    { file: 'kubelet', name: `system:node:${nodeName}`, group: 'system:nodes', addresses: [...local, nodeName] },
    // Spark's Kubernetes client takes every PKCS #8 key for an RSA key.
    { file: 'admin', name: 'admin', group: 'system:masters', key: rsaKey },
    { file: 'controller-manager', name: 'system:kube-controller-manager', addresses: local },
    { file: 'scheduler', name: 'system:kube-scheduler', addresses: local },
    { file: 'proxy', name: 'system:kube-proxy' },
  ]
  for (const identity of identities) await issue(identity)
  for (const user of ['kubelet', 'controller-manager', 'scheduler', 'proxy']) writeKubeconfig(kubeconfigOf(user), user)
  writeKubeconfig(kubeconfigPath, 'admin')
  writeFileSync(pki('done'), '')
}
