/** The part of a pod that the operators read. */
export interface ObservedPod {
  readonly metadata?: { readonly name?: string; readonly uid?: string }
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly initContainerStatuses?: readonly ObservedContainer[]
    readonly containerStatuses?: readonly ObservedContainer[]
  }
}

export interface ObservedContainer {
  readonly name: string
  readonly ready?: boolean
  readonly restartCount?: number
  readonly state?: {
    readonly running?: object
    readonly waiting?: object
    readonly terminated?: { readonly exitCode: number }
  }
}

export const driverContainerName = 'spark-kubernetes-driver'
