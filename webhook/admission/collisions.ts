import type { Container, Pod } from '../../core/pod.ts'
import {
  noTokenVolumeName,
  sidecarContainerName,
  sidecarPort,
  verdictDir,
  verdictVolumeName,
} from '../../core/pod-contract.ts'

/** What of the pod's own is in the sidecar's way, worded for its owner; undefined when nothing is. */
export function collision(pod: Pod, driver: Container): string | undefined {
  const { spec } = pod
  if ([...spec.containers, ...(spec.initContainers ?? [])].some(({ name }) => name === sidecarContainerName)) {
    return `a container is called ${sidecarContainerName}`
  }
  const volume = spec.volumes?.find(({ name }) => name === verdictVolumeName || name === noTokenVolumeName)
  if (volume !== undefined) return `a volume is called ${volume.name}`
  const mount = driver.volumeMounts?.find(({ mountPath }) => isWithinVerdictDir(mountPath))
  if (mount !== undefined) return `the driver mounts ${mount.mountPath}`
  // A mount point cannot be made in what is read-only.
  const cover = driver.volumeMounts?.find(
    ({ mountPath, readOnly, name }) =>
      parents.some((parent) => same(mountPath, parent)) && (readOnly === true || isReadOnlyVolume(pod, name)),
  )
  return cover === undefined ? undefined : `the driver mounts ${cover.mountPath} read-only`
}

/** Whether another container says that it listens on the sidecar's port: they share the pod's network. */
export function isStatusPortTaken({ spec }: Pod): boolean {
  return [...spec.containers, ...(spec.initContainers ?? [])].some(({ ports }) =>
    ports?.some(({ containerPort }) => containerPort === sidecarPort),
  )
}

/** Most images have /var/run as a link to /run. */
const aliases = [verdictDir, verdictDir.replace(/^\/var/, '')]
const parents = ['/', '/var', '/var/run', '/run']
const same = (a: string, b: string) => (a.replace(/\/+$/, '') || '/') === b
const isWithinVerdictDir = (path: string) =>
  aliases.some((alias) => `${path.replace(/\/+$/, '')}/`.startsWith(`${alias}/`))

function isReadOnlyVolume(pod: Pod, name: string): boolean {
  const volume = pod.spec.volumes?.find((item) => item.name === name)
  return ['configMap', 'secret', 'projected', 'downwardAPI', 'image'].some((source) => volume?.[source] !== undefined)
}
