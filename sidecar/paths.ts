import { join } from 'node:path'
import { sparkConfDir, verdictDir } from '../core/contract/pod-contract.ts'

/** The files that the sidecar reads and writes. */
export interface Paths {
  readonly verdictDir: string
  /** The folder with the driver's properties files. */
  readonly sparkConfDir: string
  readonly terminationMessage: string
  /** Linux's tables of TCP sockets in the network namespace of the pod. */
  readonly tcpTables: readonly string[]
  /** Linux's status of this process, with the time of its start. */
  readonly selfStat: string
}

/**
 * The paths inside a pod, below `root`. `/dev/termination-log` is the default terminationMessagePath of Kubernetes. The
 * kubelet makes this file writable for all users.
 */
export function resolvePaths(root = '/'): Paths {
  return {
    verdictDir: join(root, verdictDir),
    sparkConfDir: join(root, sparkConfDir),
    terminationMessage: join(root, 'dev/termination-log'),
    tcpTables: ['/proc/net/tcp', '/proc/net/tcp6'],
    selfStat: '/proc/self/stat',
  }
}
