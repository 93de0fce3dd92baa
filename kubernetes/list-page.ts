import { isRecord, toRecord, toStringOrEmpty } from '../core/json.ts'

/** One page of a list of the Kubernetes API. */
export interface ListPage {
  readonly items: readonly unknown[]
  /** The token that continues the list. Empty on the last page. */
  readonly continueToken: string
  readonly resourceVersion: string
}

/** Returns undefined if the body is not a list. */
export function parsePage(body: unknown): ListPage | undefined {
  if (!isRecord(body) || !Array.isArray(body.items)) return undefined
  const metadata = toRecord(body.metadata)
  return {
    items: body.items,
    continueToken: toStringOrEmpty(metadata.continue),
    resourceVersion: toStringOrEmpty(metadata.resourceVersion),
  }
}
