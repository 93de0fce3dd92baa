import type { EffectiveConf } from '../spark-conf/effective-conf.ts'

export interface ConfVolumes {
  readonly volumes: readonly Readonly<Record<string, unknown>>[]
  readonly mounts: readonly { readonly name: string; readonly mountPath: string }[]
  readonly env: readonly { readonly name: string; readonly valueFrom: object }[]
}

/** Volumes, Secrets and environment that settings add to a pod (MountVolumesFeatureStep, MountSecretsFeatureStep, EnvSecretsFeatureStep). */
export function confVolumes(conf: EffectiveConf, role: 'driver' | 'executor'): ConfVolumes {
  const root = `spark.kubernetes.${role}.`
  const parts: ConfVolumes[] = []
  for (const [key, { value }] of conf.entries) {
    if (!key.startsWith(root)) continue
    const name = key.slice(root.length)
    parts.push(
      mountedSecret(name, value) ?? secretVariable(name, value) ?? mountedVolume(name, value, conf, root) ?? none,
    )
  }
  return {
    volumes: parts.flatMap((part) => part.volumes),
    mounts: parts.flatMap((part) => part.mounts),
    env: parts.flatMap((part) => part.env),
  }
}

const none: ConfVolumes = { volumes: [], mounts: [], env: [] }

/** `secrets.NAME`: the Secret is mounted at the path that the value names. */
function mountedSecret(name: string, path: string): ConfVolumes | undefined {
  const [, secret] = /^secrets\.(.+)$/.exec(name) ?? []
  if (secret === undefined) return undefined
  const volume = `${secret}-volume`
  return {
    ...none,
    volumes: [{ name: volume, secret: { secretName: secret } }],
    mounts: [{ name: volume, mountPath: path }],
  }
}

/** `secretKeyRef.VARIABLE`: the variable is read from a Secret. The value has the form NAME:KEY. */
function secretVariable(name: string, value: string): ConfVolumes | undefined {
  const [, variable] = /^secretKeyRef\.(.+)$/.exec(name) ?? []
  if (variable === undefined) return undefined
  const [secretName, secretKey] = value.split(':')
  return { ...none, env: [{ name: variable, valueFrom: { secretKeyRef: { name: secretName, key: secretKey } } }] }
}

/** `volumes.TYPE.NAME.mount.path`: a volume, described by the `options` of the same name. */
function mountedVolume(key: string, path: string, { entries }: EffectiveConf, root: string): ConfVolumes | undefined {
  const [, type, name] = /^volumes\.([^.]+)\.([^.]+)\.mount\.path$/.exec(key) ?? []
  if (type === undefined || name === undefined) return undefined
  const source = createVolumeSource(
    type,
    (field) => entries.get(`${root}volumes.${type}.${name}.options.${field}`)?.value,
  )
  if (source === undefined) return undefined
  return { ...none, volumes: [{ name, ...source }], mounts: [{ name, mountPath: path }] }
}

function createVolumeSource(
  type: string,
  option: (field: string) => string | undefined,
): Readonly<Record<string, unknown>> | undefined {
  const claimName = option('claimName')
  switch (type) {
    case 'emptyDir':
      return { emptyDir: {} }
    case 'hostPath':
      return { hostPath: { path: option('path') } }
    case 'nfs':
      return { nfs: { path: option('path'), server: option('server') } }
    case 'persistentVolumeClaim':
      // Spark creates these claims itself, one for each pod.
      return claimName === undefined || isMadeOnDemand(claimName)
        ? { emptyDir: {} }
        : { persistentVolumeClaim: { claimName } }
    default:
      return undefined
  }
}

/** Whether Spark creates the claim: `OnDemand`, or a name that contains the executor's id (MountVolumesFeatureStep). */
export const isMadeOnDemand = (claimName: string) => claimName === 'OnDemand' || claimName.includes('SPARK_EXECUTOR_ID')
