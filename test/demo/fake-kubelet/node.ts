import type { Container, EnvVar, Pod } from '../../../core/kubernetes/pod.ts'

/** Replaces the images, mounts and ports of a real node, because the fake kubelet runs processes and no containers. */
export interface Node {
  /** By image name. */
  readonly images: Readonly<Record<string, Image>>
  /** The directory of this machine that replaces a path in the container. */
  readonly mounts: Readonly<Record<string, string>>
  /** The port of this machine that replaces a port of the pod's network. */
  readonly ports: Readonly<Record<number, number>>
  /** The directory for the containers' output, one file each. */
  readonly logDir: string
}

export interface Image {
  readonly entrypoint: readonly [string, ...string[]]
  /** Adapts the environment of the pod to the mounts and ports of this machine. */
  readonly adapt: (env: Readonly<Record<string, string>>) => Readonly<Record<string, string>>
}

/** Replaces the paths of the container by the directories of this machine. */
export function onThisMachine(node: Node, text: string): string {
  return Object.entries(node.mounts).reduce(
    (result, [path, dir]) => result.replace(new RegExp(`${RegExp.escape(path)}(?![\\w.-])`, 'g'), () => dir),
    text,
  )
}

/** The environment of a container, resolved at each start as the kubelet does. Nothing of this process leaks into it. */
export function environmentOf(container: Container, pod: Pod, image: Image): Record<string, string> {
  const resolved: Record<string, string> = {}
  for (const variable of container.env ?? []) {
    resolved[variable.name] = expand(variable.value ?? fieldValue(variable, pod), resolved)
  }
  return { PATH: process.env.PATH ?? '', ...image.adapt(resolved) }
}

/** `$(NAME)` in arguments, as the kubelet expands it: an unknown name stays as it is written, `$$` is `$`. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? whole),
  )
}

function fieldValue({ valueFrom }: EnvVar, pod: Pod): string {
  const source: { readonly fieldRef?: { readonly fieldPath?: string } } = valueFrom ?? {}
  const path = source.fieldRef?.fieldPath ?? ''
  const keyed = /^metadata\.(annotations|labels)\['([^']+)'\]$/.exec(path)
  if (keyed !== null) return pod.metadata?.[keyed[1] === 'labels' ? 'labels' : 'annotations']?.[keyed[2] ?? ''] ?? ''
  const fields: Readonly<Record<string, string | undefined>> = {
    'status.podIP': '127.0.0.1',
    'metadata.name': pod.metadata?.name,
    'metadata.namespace': pod.metadata?.namespace,
    'metadata.uid': pod.metadata?.uid,
  }
  return fields[path] ?? ''
}
