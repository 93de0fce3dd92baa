import type { Capabilities } from '../../../core/kubernetes/capabilities.ts'

/** The validated options of `spark-nanny inject`. */
export interface InjectOptions {
  readonly filename: string
  readonly application?: string
  readonly namespace: string
  readonly explain: boolean
  readonly output: 'text' | 'json'
  readonly set: Readonly<Record<string, string>>
  readonly sidecarImage: string
  readonly kubernetesVersion: KubernetesVersion
}

export interface KubernetesVersion {
  readonly text: string
  readonly capabilities: Capabilities
}
