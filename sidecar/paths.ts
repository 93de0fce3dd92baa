import { join } from 'node:path'
import { sparkConfDir, verdictDir } from '../core/contract/pod-contract.ts'

/** Where the sidecar reads and writes. */
export interface Paths {
  readonly verdictDir: string
  readonly sparkProperties: string
  readonly terminationMessage: string
  /** Linux's tables of the TCP sockets of this network namespace, which is the pod's. */
  readonly tcpTables: readonly string[]
}

/**
 * The paths of a pod, under `root`. `/dev/termination-log` is Kubernetes's default terminationMessagePath, a file that
 * the kubelet makes writable for all.
 */
export function resolvePaths(root = '/'): Paths {
  return {
    verdictDir: join(root, verdictDir),
    sparkProperties: join(root, sparkConfDir, 'spark.properties'),
    terminationMessage: join(root, 'dev/termination-log'),
    tcpTables: ['/proc/net/tcp', '/proc/net/tcp6'],
  }
}
