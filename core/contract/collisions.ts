import type { Container, Pod } from '../kubernetes/pod.ts'
import { noTokenVolumeName, sidecarContainerName, sidecarPort, verdictDir, verdictVolumeName } from './pod-contract.ts'

/** What in the pod prevents the sidecar, described for the pod's owner. Returns undefined if nothing does. */
export function findCollision(pod: Pod, driver: Container): string | undefined {
  const { spec } = pod
  const isNamesake = ({ name }: Container) => name === sidecarContainerName
  if (spec.containers.some(isNamesake) || spec.initContainers?.some(isNamesake)) {
    return `a container is called ${sidecarContainerName}`
  }
  const volume = spec.volumes?.find(({ name }) => name === verdictVolumeName || name === noTokenVolumeName)
  if (volume !== undefined) return `a volume is called ${volume.name}`
  const mount = driver.volumeMounts?.find(({ mountPath }) => isInVerdictDir(mountPath))
  if (mount !== undefined) return `the driver mounts ${mount.mountPath}`
  // The kubelet cannot create a mount point in a read-only volume.
  const parentMounts = driver.volumeMounts?.filter(({ mountPath }) => isParent(mountPath)) ?? []
  const readOnlyVolumes = parentMounts.length === 0 ? noVolumes : findReadOnlyVolumes(pod)
  const readOnlyParent = parentMounts.find(({ readOnly, name }) => readOnly === true || readOnlyVolumes.has(name))
  return readOnlyParent === undefined ? undefined : `the driver mounts ${readOnlyParent.mountPath} read-only`
}

/** Whether another container declares the sidecar's port. All containers share the pod's network. */
export function isStatusPortTaken({ spec }: Pod): boolean {
  const declaresPort = ({ ports }: Container) =>
    ports?.some(({ containerPort }) => containerPort === sidecarPort) === true
  return spec.containers.some(declaresPort) || spec.initContainers?.some(declaresPort) === true
}

/** In most images /var/run is a link to /run. */
const verdictDirs = [verdictDir, verdictDir.replace(/^\/var/, '')]
const parents = ['/', '/var', '/var/run', '/run']

const isInVerdictDir = (path: string) => verdictDirs.some((dir) => path === dir || path.startsWith(`${dir}/`))
const isParent = (path: string) => parents.includes(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)

const readOnlySources = ['configMap', 'secret', 'projected', 'downwardAPI', 'image']
const noVolumes: ReadonlySet<string> = new Set()

/** The names of the volumes that are read-only whatever their mount says. */
function findReadOnlyVolumes({ spec }: Pod): ReadonlySet<string> {
  const found = (spec.volumes ?? []).filter((volume) => readOnlySources.some((source) => volume[source] !== undefined))
  return new Set(found.map(({ name }) => name))
}
