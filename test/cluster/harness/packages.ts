import { existsSync } from 'node:fs'
import { commandExists, run } from './processes.ts'
import { type Log, step } from './progress.ts'

/** A Debian package, and the file that shows that it or an equivalent is installed. */
interface Need {
  readonly name: string
  readonly present: () => boolean
}

const byCommand = (name: string, command: string): Need => ({ name, present: () => commandExists(command) })

const needs: readonly Need[] = [
  byCommand('runc', 'runc'),
  { name: 'containernetworking-plugins', present: () => existsSync('/usr/lib/cni/bridge') },
  byCommand('iptables', 'iptables'),
  byCommand('iproute2', 'ip'),
  byCommand('conntrack', 'conntrack'),
  byCommand('mount', 'mount'),
  byCommand('openssl', 'openssl'),
  { name: 'busybox-static', present: () => existsSync('/bin/busybox') },
  byCommand('buildah', 'buildah'),
  byCommand('mmdebstrap', 'mmdebstrap'),
  byCommand('openjdk-17-jdk-headless', 'javac'),
  byCommand('maven', 'mvn'),
  byCommand('python3-pip', 'pip3'),
]

/** Installs the Debian packages that are missing. */
export const installPackages = async (log: Log): Promise<void> => {
  const missing = needs.filter((need) => !need.present()).map((need) => need.name)
  if (missing.length === 0) return
  if (process.getuid?.() !== 0) throw new Error('the cluster needs root: run it as root')
  if (!commandExists('apt-get')) throw new Error(`missing: ${missing.join(', ')}; only Debian's apt-get is known here`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await step(log, 'apt-get update', () => run('apt-get', ['update'], { env }))
  await step(log, `apt-get install ${missing.join(' ')}`, () =>
    run('apt-get', ['install', '-y', '--no-install-recommends', ...missing], { env }),
  )
}
