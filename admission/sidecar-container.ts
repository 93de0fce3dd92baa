import {
  noTokenVolumeName,
  restartAllContainersRule,
  type SidecarImage,
  serviceAccountTokenDir,
  sidecarContainerName,
  sidecarEnv,
  sparkConfDir,
  verdictDir,
  verdictVolumeName,
} from '../core/contract/pod-contract.ts'
import type { Capabilities } from '../core/kubernetes/capabilities.ts'
import type { Container, Pod, ResourceRequirements, Volume, VolumeMount } from '../core/kubernetes/pod.ts'
import { type DriverPolicy, encodePolicy } from '../core/settings/driver-policy.ts'
import type { SubmitArguments } from '../core/spark/submit-arguments.ts'
import { frozenJson } from './json-patch.ts'

/**
 * The sidecar's volumes. The driver can read the verdict as any user, and the verdict is never written to a disk. Three black
 * boxes and the one that is being written take 2 MB of the volume, so as much again is left for the verdict and its records: a
 * volume that is full would keep the sidecar from writing its verdict.
 */
export const sidecarVolumes: readonly Volume[] = [
  frozenJson({ name: verdictVolumeName, emptyDir: { medium: 'Memory', sizeLimit: '4Mi' } }),
  frozenJson({ name: noTokenVolumeName, emptyDir: {} }),
]

/**
 * The native sidecar, which satisfies PodSecurity's level `restricted`. It has no command, because the controller may
 * replace its image with the driver's, and a command of spark-nanny's would fail in that image.
 */
export function createSidecarContainer(
  pod: Pod,
  policy: DriverPolicy,
  { image, imagePullPolicy }: SidecarImage,
  resources: ResourceRequirements | undefined,
  capabilities: Capabilities,
  sparkConf: VolumeMount | null,
  prove: ((policy: string) => string) | null = null,
): Container {
  const encoded = encodePolicy(policy)
  return {
    name: sidecarContainerName,
    image,
    imagePullPolicy,
    restartPolicy: 'Always',
    ...(policy.onHung.kind === 'restart-all-containers' && { restartPolicyRules: [restartAllContainersRule] }),
    env: [
      { name: sidecarEnv.policy, value: encoded },
      ...(prove === null ? [] : [{ name: sidecarEnv.proof, value: prove(encoded) }]),
    ],
    ...(policy.statusPort > 0 && {
      ports: [{ name: 'nanny-status', containerPort: policy.statusPort, protocol: 'TCP' }],
    }),
    ...(resources !== undefined && { resources }),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      ...chooseUser(pod, capabilities),
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'File',
    volumeMounts: [
      { name: verdictVolumeName, mountPath: verdictDir },
      ...(sparkConf === null ? [] : [sparkConf]),
      // The API server does not mount a token at a path that already has a mount.
      { name: noTokenVolumeName, mountPath: serviceAccountTokenDir, readOnly: true },
    ],
  }
}

/**
 * The sidecar inherits a user of the pod other than root. Root would contradict runAsNonRoot, and a cluster that allows root
 * in the pod allows any user, as OpenShift does. If the pod has no user, OpenShift chooses one. Elsewhere the image's user
 * would apply, which may be root after the controller has replaced the image.
 */
function chooseUser(pod: Pod, { openShift }: Capabilities): { readonly runAsUser?: number } {
  const inherited = pod.spec.securityContext?.runAsUser
  const isInherited = typeof inherited === 'number' ? inherited !== 0 : openShift
  return isInherited ? {} : { runAsUser: 65532 }
}

/** The properties files that the driver reads, as far as the sidecar can share them. */
export interface SharedConf {
  readonly mount: VolumeMount | null
  /** The names of the files. The first takes precedence. */
  readonly files: readonly string[]
}

/** Where Spark mounts the properties that it writes (Constants.SPARK_CONF_DIR_INTERNAL), and the image's own folder. */
const usualConfDir = '/opt/spark/conf'
const confVolumeName = 'spark-conf-volume-driver'

/**
 * The properties files are where spark-submit looks for them: the file of `--properties-file`, else `spark-defaults.conf` in
 * SPARK_CONF_DIR. Spark 4 also reads the second with `--load-spark-defaults`. If it is not known how the driver is started,
 * the file is `spark.properties`, as Spark writes it.
 */
export function findSharedConf(pod: Pod, driver: Container, submit: SubmitArguments | null): SharedConf {
  const confDir = stripSlashes(driver.env?.findLast(({ name }) => name === 'SPARK_CONF_DIR')?.value ?? usualConfDir)
  const file = submit?.propertiesFile ?? `${confDir}/${submit === null ? 'spark.properties' : 'spark-defaults.conf'}`
  const name = file.slice(file.lastIndexOf('/') + 1)
  const dir = stripSlashes(file.slice(0, -name.length))
  const mount = /^[\w.-]{1,253}$/.test(name) ? findConfMount(pod, driver, dir, confDir) : null
  if (mount === null) return { mount: null, files: [] }
  const addsDefaults = submit?.loadsDefaults === true && submit.propertiesFile !== null && dir === confDir
  return { mount, files: addsDefaults ? [name, 'spark-defaults.conf'] : [name] }
}

function findConfMount(pod: Pod, driver: Container, dir: string, confDir: string): VolumeMount | null {
  const mount = driver.volumeMounts?.find(({ mountPath }) => stripSlashes(mountPath) === dir)
  const name = mount?.name ?? (dir === confDir || dir === usualConfDir ? confVolumeName : undefined)
  if (mount?.subPathExpr !== undefined || !pod.spec.volumes?.some((volume) => volume.name === name)) return null
  return {
    name: name ?? confVolumeName,
    mountPath: sparkConfDir,
    readOnly: true,
    ...(mount?.subPath !== undefined && { subPath: mount.subPath }),
  }
}

/** Without a regular expression, whose time would grow with the square of the number of slashes. */
function stripSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}
