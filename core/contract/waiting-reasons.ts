/**
 * The kubelet's reasons for a waiting container (pkg/kubelet/images/types.go, kuberuntime_container.go and
 * kubelet_pods.go, 1.36). Container runtimes add reasons of their own.
 */

/** The image cannot be pulled yet. A retry may succeed. */
export const pullFailedReasons = ['ErrImagePull', 'ImagePullBackOff', 'ImageInspectError'] as const

/** The image cannot be used, and no retry can change that. */
export const unusableImageReasons = ['InvalidImageName', 'ErrImageNeverPull'] as const

/** All reasons that concern the image. */
export const imageReasons: readonly string[] = [...pullFailedReasons, ...unusableImageReasons]

/** The container runtime cannot create or start the container. */
export const runtimeErrorReasons = ['RunContainerError', 'CreateContainerError'] as const

/** The container's specification refers to something that does not exist. */
export const configErrorReason = 'CreateContainerConfigError'

/** The container is being created. The reason also holds during an image pull of any length. Empty if there is no status yet. */
export const creatingReasons: readonly string[] = ['', 'PodInitializing', 'ContainerCreating']

/** The container ran, and the kubelet waits before it restarts it. */
export const crashLoopReason = 'CrashLoopBackOff'

/** The kubelet restarts all containers of the pod in place. */
export const restartingReason = 'RestartingAllContainers'
