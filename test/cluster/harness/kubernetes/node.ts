import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { binary, kubeconfigPath, runDir } from '../paths.ts'
import { daemonLog, daemonPid, run, startDaemon, waitFor } from '../processes.ts'
import { containerdSocket } from './containerd.ts'
import { clusterDomain, nodeName, podRange } from './names.ts'
import { kubeconfigOf, pki } from './pki.ts'

const kubeletConfig = (nodeAddress: string): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  containerRuntimeEndpoint: `unix://${containerdSocket}`,
  cgroupDriver: 'cgroupfs',
  failCgroupV1: false,
  failSwapOn: false,
  enforceNodeAllocatable: [],
  clusterDNS: [nodeAddress],
  clusterDomain,
  // Pods look nothing up outside the cluster.
  resolvConf: '',
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: pki('ca.crt') } },
  authorization: { mode: 'Webhook' },
  tlsCertFile: pki('kubelet.crt'),
  tlsPrivateKeyFile: pki('kubelet.key'),
  volumePluginDir: join(runDir, 'volume-plugins'),
  podLogsDir: join(runDir, 'pod-logs'),
  staticPodPath: '',
  // How late a change of a Secret comes to a pod that mounts it; a minute by default.
  syncFrequency: '10s',
  // Images cannot be pulled again without a registry, so none is removed, and a full disk evicts no pod.
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  registerWithTaints: [],
})

const corefile = (nodeAddress: string): string => `.:53 {
  bind ${nodeAddress}
  errors
  kubernetes ${clusterDomain} in-addr.arpa {
    kubeconfig ${kubeconfigPath} spark-nanny
    ttl 5
  }
  cache 5
}
`

/** Starts kubelet, kube-proxy and CoreDNS; resolves when the node is Ready. */
export const startNode = async (nodeAddress: string): Promise<void> => {
  const config = join(runDir, 'kubelet.json')
  mkdirSync(join(runDir, 'kubelet'), { recursive: true })
  writeFileSync(config, JSON.stringify(kubeletConfig(nodeAddress), null, 2))
  startDaemon('kubelet', binary('kubelet'), [
    `--config=${config}`,
    `--kubeconfig=${kubeconfigOf('kubelet')}`,
    `--root-dir=${join(runDir, 'kubelet')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${nodeAddress}`,
  ])
  startDaemon('kube-proxy', binary('kube-proxy'), [
    `--kubeconfig=${kubeconfigOf('proxy')}`,
    `--hostname-override=${nodeName}`,
    `--cluster-cidr=${podRange}`,
    '--proxy-mode=iptables',
    // The machine's own connection tracking limits stay as they are.
    '--conntrack-max-per-core=0',
    '--conntrack-min=0',
    '--conntrack-tcp-timeout-established=0',
    '--conntrack-tcp-timeout-close-wait=0',
  ])
  const corefilePath = join(runDir, 'Corefile')
  writeFileSync(corefilePath, corefile(nodeAddress))
  startDaemon('coredns', binary('coredns'), ['-conf', corefilePath])
  await waitFor({ what: 'the node is Ready', timeoutMs: 90_000, everyMs: 500 }, async () => {
    for (const name of ['kubelet', 'kube-proxy', 'coredns']) {
      if (daemonPid(name) === undefined) throw new Error(`${name} ended: ${daemonLog(name)}`)
    }
    const path = '{.status.conditions[?(@.type=="Ready")].status}'
    const args = ['--kubeconfig', kubeconfigPath, 'get', 'node', nodeName, '-o', `jsonpath=${path}`]
    return (await run(binary('kubectl'), args)).stdout === 'True' ? true : undefined
  })
}

/** Unmounts what kubelet and containerd left mounted below the run folder. */
export const unmountLeftovers = async (): Promise<void> => {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((path) => path.startsWith(`${runDir}/`))
  // The latest first: a mount may lie in another.
  for (const path of mounts.reverse()) await run('umount', ['--lazy', path], { accept: [1, 32] })
}

const removeCgroup = (path: string): void => {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) removeCgroup(join(path, entry.name))
    }
    rmdirSync(path)
  } catch {
    // A controller that is not mounted, or a group that the kernel is still clearing.
  }
}

/** Removes the control groups of the pods. */
export const removeCgroups = (): void => {
  for (const controller of readdirSync('/sys/fs/cgroup')) removeCgroup(join('/sys/fs/cgroup', controller, 'kubepods'))
  removeCgroup('/sys/fs/cgroup/kubepods')
}
