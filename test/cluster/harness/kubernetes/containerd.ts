import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageArchive } from '../images/builder.ts'
import { pauseTag } from '../images/pause.ts'
import { binary, containerdRoot, runDir } from '../paths.ts'
import { daemonLog, run, startDaemon, stopDaemon, stopPid, waitFor } from '../processes.ts'
import { type Log, step } from '../progress.ts'
import { cniConfigDir } from './network.ts'

const stateDir = join(runDir, 'containerd')
export const containerdSocket = join(stateDir, 'containerd.sock')
const configFile = join(runDir, 'containerd.toml')
const importedFile = join(containerdRoot, 'imported.json')

const config = `version = 3
root = '${containerdRoot}'
state = '${stateDir}'
[grpc]
address = '${containerdSocket}'
[plugins.'io.containerd.internal.v1.opt']
path = '${join(runDir, 'opt')}'
[plugins.'io.containerd.nri.v1.nri']
disable = true
[plugins.'io.containerd.cri.v1.images']
snapshotter = 'overlayfs'
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = '${pauseTag}'
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ['/usr/lib/cni']
conf_dir = '${cniConfigDir}'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = false
`

const ctr = async (...args: string[]): Promise<string> =>
  (await run(binary('ctr'), ['--address', containerdSocket, '--namespace', 'k8s.io', ...args])).stdout

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** Starts containerd and waits until it answers. */
export const startContainerd = async (): Promise<void> => {
  mkdirSync(stateDir, { recursive: true })
  mkdirSync(containerdRoot, { recursive: true })
  writeFileSync(configFile, config)
  startDaemon('containerd', binary('containerd'), ['--config', configFile])
  await waitFor({ what: 'containerd answers', timeoutMs: 30_000 }, async () => {
    await ctr('version')
    return true
  }).catch((error) => {
    throw new Error(`${error.message}\n${daemonLog('containerd')}`)
  })
}

const importedImages = (): Record<string, string> =>
  existsSync(importedFile) ? JSON.parse(readFileSync(importedFile, 'utf8')) : {}

/** Imports the images that containerd does not hold yet in that version. */
export const importImages = async (log: Log, archives: readonly ImageArchive[]): Promise<void> => {
  for (const { tag, file, hash } of archives) {
    const imported = importedImages()
    if (imported[tag] === hash) continue
    await step(log, `import ${tag}`, () => ctr('images', 'import', '--local', file))
    writeFileSync(importedFile, JSON.stringify({ ...imported, [tag]: hash }))
  }
}

/** Kills every container there is and forgets it; images stay. */
const removeContainers = async (): Promise<void> => {
  const tasks = lines(await ctr('tasks', 'ls', '--quiet'))
  if (tasks.length > 0)
    await run(binary('ctr'), ['--address', containerdSocket, '-n', 'k8s.io', 'tasks', 'rm', '-f', ...tasks], {
      accept: [1],
    })
  const containers = lines(await ctr('containers', 'ls', '--quiet'))
  if (containers.length > 0) await ctr('containers', 'rm', ...containers)
  const sandboxes = lines(await ctr('sandboxes', 'ls')).slice(1)
  const ids = sandboxes.map((line) => line.split(/\s+/)[0] ?? '').filter((id) => id !== '')
  if (ids.length > 0) await ctr('sandboxes', 'rm', '--force', ...ids)
}

/** The shims of our containerd and, first, the processes of their containers. */
const leftovers = (): number[] => {
  const shims: number[] = []
  const children: number[] = []
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const pid = Number(entry)
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
      const ours = readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(containerdSocket)
      if (ours && readlinkSync(`/proc/${entry}/exe`).startsWith(binary('containerd-shim'))) shims.push(pid)
    } catch {
      // It ended meanwhile.
    }
  }
  for (const [pid, parent] of parents) if (shims.includes(parent)) children.push(pid)
  return [...children, ...shims]
}

/** Ends all containers, their shims and containerd. */
export const stopContainerd = async (log: Log): Promise<void> => {
  if (existsSync(containerdSocket)) {
    await removeContainers().catch((error) => log(`containers: ${error.message}`))
  }
  for (const pid of leftovers()) await stopPid(pid, 500)
  await stopDaemon('containerd')
  rmSync(containerdSocket, { force: true })
}
