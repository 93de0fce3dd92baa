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
import { frozenJson } from './json-patch.ts'

/** The sidecar's volumes. The driver can read the verdict as any user, and the verdict is never written to a disk. */
export const sidecarVolumes: readonly Volume[] = [
  frozenJson({ name: verdictVolumeName, emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }),
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
  sparkConf: VolumeMount | undefined,
): Container {
  return {
    name: sidecarContainerName,
    image,
    imagePullPolicy,
    restartPolicy: 'Always',
    ...(policy.onHung.kind === 'restart-all-containers' && { restartPolicyRules: [restartAllContainersRule] }),
    env: [{ name: sidecarEnv.policy, value: encodePolicy(policy) }],
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
      ...(sparkConf === undefined ? [] : [sparkConf]),
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

/** The driver's mount of its configuration, for the sidecar. Returns undefined if there is none that the sidecar can share. */
export function findSparkConfMount(pod: Pod, driver: Container): VolumeMount | undefined {
  const confDir = driver.env?.find(({ name }) => name === 'SPARK_CONF_DIR')?.value ?? '/opt/spark/conf'
  const strip = (path: string) => path.replace(/\/+$/, '')
  const mount = driver.volumeMounts?.find(({ mountPath }) => strip(mountPath) === strip(confDir))
  const name = mount?.name ?? 'spark-conf-volume-driver'
  if (mount?.subPathExpr !== undefined || !pod.spec.volumes?.some((volume) => volume.name === name)) return undefined
  return {
    name,
    mountPath: sparkConfDir,
    readOnly: true,
    ...(mount?.subPath !== undefined && { subPath: mount.subPath }),
  }
}
