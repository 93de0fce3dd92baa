/** What the cluster is known to do. Doubt is false: a pod that it rejects for our sake is the worst that can happen. */
export interface Capabilities {
  /** Init containers with restartPolicy Always (Kubernetes ≥ 1.29). */
  readonly nativeSidecars: boolean
  /** Rules with the action RestartAllContainers, known to the API server and to every node (≥ 1.36). */
  readonly restartAllContainers: boolean
  /** OpenShift picks the user id of a container and refuses others. */
  readonly openShift: boolean
}

export const unknownCapabilities: Capabilities = {
  nativeSidecars: false,
  restartAllContainers: false,
  openShift: false,
}
