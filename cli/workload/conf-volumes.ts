import type { EffectiveConf } from '../spark-conf/effective-conf.ts'

interface ConfVolumes {
  readonly volumes: readonly Readonly<Record<string, unknown>>[]
  readonly mounts: readonly { readonly name: string; readonly mountPath: string }[]
  readonly env: readonly { readonly name: string; readonly valueFrom: object }[]
}

/** Volumes, Secrets and environment that settings give a pod (MountVolumesFeatureStep, MountSecretsFeatureStep, EnvSecretsFeatureStep). */
export function confVolumes({ entries }: EffectiveConf, role: 'driver' | 'executor'): ConfVolumes {
  const volumes: Readonly<Record<string, unknown>>[] = []
  const mounts: { name: string; mountPath: string }[] = []
  const env: { name: string; valueFrom: object }[] = []
  const root = `spark.kubernetes.${role}.`
  for (const [key, { value }] of entries) {
    if (!key.startsWith(root)) continue
    const rest = key.slice(root.length)
    const [, secret] = /^secrets\.(.+)$/.exec(rest) ?? []
    const [, variable] = /^secretKeyRef\.(.+)$/.exec(rest) ?? []
    const [, type, name] = /^volumes\.([^.]+)\.([^.]+)\.mount\.path$/.exec(rest) ?? []
    if (secret !== undefined) {
      volumes.push({ name: `${secret}-volume`, secret: { secretName: secret } })
      mounts.push({ name: `${secret}-volume`, mountPath: value })
    }
    if (variable !== undefined) {
      const [secretName, secretKey] = value.split(':')
      env.push({ name: variable, valueFrom: { secretKeyRef: { name: secretName, key: secretKey } } })
    }
    if (type !== undefined && name !== undefined) {
      const option = (field: string) => entries.get(`${root}volumes.${type}.${name}.options.${field}`)?.value
      const source = sourceOf(type, option)
      if (source === undefined) continue
      volumes.push({ name, ...source })
      mounts.push({ name, mountPath: value })
    }
  }
  return { volumes, mounts, env }
}

function sourceOf(
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
      // Spark makes these claims itself, one for each pod.
      return claimName === undefined || isMadeOnDemand(claimName)
        ? { emptyDir: {} }
        : { persistentVolumeClaim: { claimName } }
    default:
      return undefined
  }
}

/** `OnDemand`, and a name with an id in it, as MountVolumesFeatureStep takes them. */
export const isMadeOnDemand = (claimName: string) => claimName === 'OnDemand' || claimName.includes('SPARK_EXECUTOR_ID')
