import { UsageError } from '../options/usage-error.ts'

/**
 * Throws a UsageError if the version of Node is too old for requests to a cluster. undici needs Node 22.19 or newer (`engines`
 * of undici 8) and fails with an unrelated error in older ones. Commands without a cluster do not load undici.
 */
export function checkNodeVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 19)) return
  throw new UsageError(`Node ${version} is too old for requests to a cluster; use Node 26`)
}
