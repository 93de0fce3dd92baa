/** How many objects the next page of a list has, so that a page takes a bounded memory however large the objects are. */
export interface PageSize {
  /** The number of objects to request. */
  readonly limit: number
  /** A response that is larger is not read to its end. */
  readonly maxBytes: number
  /** Chooses the next limit by the size of a page that was read. */
  adapt(objects: number, bytes: number): void
  /** Chooses a smaller limit after a page that was too large. False if the page had only one object. */
  shrink(): boolean
}

const firstLimit = 16
const wantedBytes = 1024 * 1024
const maxPageBytes = 4 * 1024 * 1024
/**
 * etcd stores at most 1.5 MiB for an object (`--max-request-bytes`). Its JSON can be six times as long, because a control
 * character is written as `\u0001`.
 */
export const maxObjectBytes = 16 * 1024 * 1024

export function createPageSize(maxLimit: number): PageSize {
  let limit = Math.min(firstLimit, maxLimit)
  return {
    get limit() {
      return limit
    },
    get maxBytes() {
      return limit === 1 ? maxObjectBytes : maxPageBytes
    },
    adapt: (objects, bytes) => {
      if (objects === 0 || bytes === 0) return
      const fitting = Math.floor((wantedBytes / bytes) * objects)
      limit = Math.max(1, Math.min(fitting, 2 * limit, maxLimit))
    },
    shrink: () => {
      if (limit === 1) return false
      limit = Math.ceil(limit / 4)
      return true
    },
  }
}
