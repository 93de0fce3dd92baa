import type { Driver } from './driver.ts'

/** The fields by which every log line about a driver identifies it. */
export function driverLogFields({ namespace, name, uid, application }: Driver) {
  return { namespace, name, uid, application }
}
