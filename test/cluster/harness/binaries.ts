import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { binDir, harnessDir } from './paths.ts'
import { commandExists, run } from './processes.ts'
import { type Log, step } from './progress.ts'
import { contentHash, once } from './stamp.ts'

interface GoModule {
  /** The folder in binaries/ with its go.mod. */
  readonly name: string
  readonly outputs: readonly string[]
  readonly build: readonly string[]
}

const kubernetesVersion = 'v1.36.3'
const [major, minor] = kubernetesVersion.slice(1).split('.')
const version = {
  gitVersion: kubernetesVersion,
  gitMajor: major,
  gitMinor: minor,
  gitTreeState: 'clean',
}
const versionFlags = Object.entries(version).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`)

const modules: readonly GoModule[] = [
  {
    name: 'etcd',
    outputs: ['etcd'],
    build: ['-ldflags', '-s -w', '-o', join(binDir, 'etcd'), 'go.etcd.io/etcd/server/v3'],
  },
  {
    // promtool: the tests of the alert rules. Without service discovery, which is most of its code.
    name: 'prometheus',
    outputs: ['promtool'],
    build: ['-tags', 'remove_all_sd', '-ldflags', '-s -w', '-o', `${binDir}/`, 'tool'],
  },
  {
    name: 'containerd',
    outputs: ['containerd', 'containerd-shim-runc-v2', 'ctr'],
    build: ['-tags', 'no_btrfs,no_devmapper,no_zfs', '-ldflags', '-s -w', '-o', `${binDir}/`, 'tool'],
  },
  {
    name: 'coredns',
    outputs: ['coredns'],
    build: ['-ldflags', '-s -w', '-o', join(binDir, 'coredns'), '.'],
  },
  {
    name: 'cert-manager',
    outputs: ['cert-manager'],
    build: ['-ldflags', '-s -w', '-o', join(binDir, 'cert-manager'), '.'],
  },
  {
    name: 'kubernetes',
    outputs: ['kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kube-scheduler', 'kubectl', 'kubelet'],
    build: ['-ldflags', ['-s -w', ...versionFlags].join(' '), '-o', `${binDir}/`, 'tool'],
  },
  {
    name: 'helm',
    outputs: ['helm'],
    build: ['-ldflags', '-s -w', '-o', join(binDir, 'helm'), 'helm.sh/helm/v4/cmd/helm'],
  },
  {
    // Fake nodes and pods: the controller's bench.
    name: 'kwok',
    outputs: ['kwok'],
    build: ['-ldflags', '-s -w', '-o', join(binDir, 'kwok'), 'sigs.k8s.io/kwok/cmd/kwok'],
  },
]

/** The binaries of the one-node cluster. */
const ofCluster = modules.map(({ name }) => name).filter((name) => name !== 'kwok')

/** Builds binaries from their Go modules. Each is rebuilt only if its recipe or its go.mod has changed. */
export const buildBinaries = async (log: Log, names: readonly string[] = ofCluster): Promise<void> => {
  mkdirSync(binDir, { recursive: true })
  for (const { name, outputs, build } of modules.filter((module) => names.includes(module.name))) {
    const folder = join(harnessDir, 'binaries', name)
    const files = ['go.mod', 'go.sum', 'main.go'].map((file) => join(folder, file))
    const hash = contentHash(
      build.map((word) => word.replaceAll(binDir, '')),
      files,
    )
    const make = async () => {
      if (!commandExists('go')) throw new Error('building the cluster needs Go 1.26 on the PATH')
      await step(log, `go build ${name}`, () =>
        run('go', ['build', '-trimpath', ...build], { cwd: folder, env: { CGO_ENABLED: '0' } }),
      )
    }
    await once(
      join(binDir, `.${name}.stamp`),
      hash,
      outputs.map((output) => join(binDir, output)),
      make,
    )
  }
}
