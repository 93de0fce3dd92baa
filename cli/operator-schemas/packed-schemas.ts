/** The form of schemas.json, which extract/renew.ts writes. */
export interface PackedSchemas {
  readonly licence: string
  readonly sources: readonly PackedSource[]
  /** A node refers to other nodes by their index in this list. */
  readonly nodes: readonly Readonly<Record<string, unknown>>[]
}

/** One kind in one version of one release. */
export interface PackedSource {
  /** `OWNER/NAME` of the repository. */
  readonly project: string
  /** The release, or `main`. */
  readonly release: string
  readonly commit: string
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Index of the node of the whole object. */
  readonly root: number
}
