/** One page of a list; undefined if the body is not a list. `next` is empty on the last page. */
export function parsePage(body: unknown) {
  if (typeof body !== 'object' || body === null || !('items' in body) || !Array.isArray(body.items)) return undefined
  const metadata: unknown = 'metadata' in body ? body.metadata : undefined
  const text = (key: string) => {
    const value: unknown = typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, key) : undefined
    return typeof value === 'string' ? value : ''
  }
  return { items: body.items as readonly unknown[], next: text('continue'), resourceVersion: text('resourceVersion') }
}
