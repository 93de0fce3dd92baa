import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runDir } from '../paths.ts'
import { run } from '../processes.ts'
import { bridgeName, podRange } from './names.ts'

export const cniConfigDir = join(runDir, 'cni')
const savedSettings = join(runDir, 'sysctl.json')

const cniConfig = {
  cniVersion: '1.0.0',
  name: 'spark-nanny',
  plugins: [
    {
      type: 'bridge',
      bridge: bridgeName,
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: podRange }]],
        routes: [{ dst: '0.0.0.0/0' }],
        dataDir: join(runDir, 'cni-addresses'),
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

/** Kernel settings that a node needs; what they were comes back when the cluster goes down. */
const settings: Readonly<Record<string, string>> = {
  '/proc/sys/net/ipv4/ip_forward': '1',
  '/proc/sys/net/bridge/bridge-nf-call-iptables': '1',
}

/** Writes the pod network's configuration and makes the kernel forward. */
export const prepareNetwork = (): void => {
  mkdirSync(cniConfigDir, { recursive: true })
  writeFileSync(join(cniConfigDir, '10-spark-nanny.conflist'), JSON.stringify(cniConfig, null, 2))
  const before: Record<string, string> = {}
  for (const [file, value] of Object.entries(settings)) {
    if (!existsSync(file)) continue
    before[file] = readFileSync(file, 'utf8').trim()
    writeFileSync(file, value)
  }
  if (!existsSync(savedSettings)) writeFileSync(savedSettings, JSON.stringify(before))
}

/** The chains of kubelet, kube-proxy and the CNI plugins. */
const ours = /^(KUBE|CNI)-/

const clearTable = async (command: string, table: string): Promise<void> => {
  const { stdout } = await run(`${command}-save`, ['-t', table])
  const removed: string[] = []
  const chains: string[] = []
  for (const line of stdout.split('\n')) {
    const chain = /^:(\S+)/.exec(line)?.[1]
    if (chain && ours.test(chain)) chains.push(chain)
    const rule = /^-A (\S+) .*-j (\S+)/.exec(line)
    if (rule?.[1] && rule[2] && !ours.test(rule[1]) && ours.test(rule[2])) removed.push(line.replace('-A ', '-D '))
  }
  if (chains.length === 0) return
  const input = [
    `*${table}`,
    ...removed,
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
    'COMMIT',
    '',
  ].join('\n')
  await run(`${command}-restore`, ['--noflush'], { input })
}

/** libcni notes every attachment of a container, also to its loopback, in files that no setting moves. */
const removeAttachments = (): void => {
  const folder = '/var/lib/cni/results'
  const names = existsSync(folder) ? readdirSync(folder) : []
  const prefix = `${cniConfig.name}-`
  const containers = names
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length).split('-')[0])
  for (const name of names) if (containers.some((id) => id && name.includes(id))) rmSync(join(folder, name))
}

/** Removes the bridge, every chain the cluster made, and its kernel settings. */
export const removeNetwork = async (): Promise<void> => {
  for (const command of ['iptables', 'ip6tables']) {
    for (const table of ['nat', 'filter', 'mangle', 'raw']) await clearTable(command, table).catch(() => {})
  }
  removeAttachments()
  await run('ip', ['link', 'delete', bridgeName], { accept: [1, 2] })
  if (!existsSync(savedSettings)) return
  const before: Record<string, string> = JSON.parse(readFileSync(savedSettings, 'utf8'))
  for (const [file, value] of Object.entries(before)) writeFileSync(file, value)
}
