import type { ClientBounds } from '../kubernetes/client.ts'
import { maxObjectBytes } from '../kubernetes/page-size.ts'

/** No request but a list is about more than one object. */
export const clientBounds: ClientBounds = { maxResponseBytes: maxObjectBytes, maxEventChars: maxObjectBytes }
