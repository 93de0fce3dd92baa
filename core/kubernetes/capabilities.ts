/** What the cluster is known to support. An unknown capability is false, because the cluster must never reject a pod because of the sidecar. */
export interface Capabilities {
  /** Init containers with restartPolicy Always (Kubernetes ≥ 1.29). */
  readonly nativeSidecars: boolean
  /** Rules with the action RestartAllContainers, known to the API server and to every node (≥ 1.36). */
  readonly restartAllContainers: boolean
  /** Rules of a container that restart it by its exit code, known to the API server and to every node (≥ 1.35). */
  readonly containerRestartRules: boolean
  /** OpenShift chooses the user id of a container and rejects others. */
  readonly openShift: boolean
}

export const unknownCapabilities: Capabilities = {
  nativeSidecars: false,
  restartAllContainers: false,
  containerRestartRules: false,
  openShift: false,
}
