import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Container, Pod } from '../../../core/kubernetes/pod.ts'
import { environmentOf, expand, type Node, onThisMachine } from './node.ts'

/** A running container: a process of this machine. */
export interface ContainerProcess {
  readonly container: Container
  readonly pid: number
  readonly ended: Promise<ContainerEnd>
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

export interface ContainerEnd {
  /** As the kubelet reports it: 128 and the signal's number for a process that was killed. */
  readonly exitCode: number
  readonly signal: NodeJS.Signals | null
}

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGINT: 2,
  SIGKILL: 9,
  SIGALRM: 14,
  SIGTERM: 15,
}

/** Starts the container's image with exactly the arguments and the environment of the pod. */
export function startContainer(container: Container, pod: Pod, node: Node): ContainerProcess {
  const image = node.images[container.image ?? '']
  if (image === undefined) throw new Error(`no fake for the image ${container.image}`)
  const env = environmentOf(container, pod, image)
  const [file, ...entrypoint] = image.entrypoint
  const args = (container.args ?? []).map((argument) => onThisMachine(node, expand(argument, env)))
  const log = openSync(join(node.logDir, `${container.name}.log`), 'a')
  const child = spawn(file, [...entrypoint, ...args], { env, stdio: ['ignore', log, log] })
  closeSync(log)
  const ended = new Promise<ContainerEnd>((resolve) => {
    child.once('error', () => resolve({ exitCode: 128, signal: null }))
    child.once('exit', (code, signal) => {
      resolve({ exitCode: code ?? 128 + (signal === null ? 0 : (signalNumbers[signal] ?? 0)), signal })
    })
  })
  return { container, pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) }
}
