import jsonPatch, { type Operation } from 'fast-json-patch'

/** Why a patch is wrong for the object of a review; undefined if it is right. */
export function findPatchProblem(review: string, patch: string): string | undefined {
  const read = () => (JSON.parse(review) as { readonly request: { readonly object: object } }).request.object
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as Operation[]
  try {
    // Strict, as the API server applies it. A copy made by the library would overflow the stack on deep objects.
    const { newDocument } = jsonPatch.applyPatch(read(), operations, true, true)
    return findLoss(read(), newDocument)
  } catch (error) {
    return `the patch cannot be applied: ${error instanceof Error ? error.message : ''}`
  }
}

interface Pair {
  readonly before: unknown
  readonly after: unknown
  readonly path: string
}

/** The path of the first value that the user wrote and that is gone or changed. */
function findLoss(before: unknown, after: unknown): string | undefined {
  const open: Pair[] = [{ before, after, path: '' }]
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    // An absent field may be written as null.
    if (pair.before === null) continue
    if (typeof pair.before !== 'object') {
      // The setting `restart: in-place` asks for it.
      const isAsked = pair.path === '/spec/restartPolicy' && pair.after === 'OnFailure'
      if (pair.before !== pair.after && !isAsked) return `${pair.path} is changed`
    } else if (typeof pair.after !== 'object' || pair.after === null) {
      return `${pair.path} is replaced`
    } else {
      open.push(...listMembers(pair.before, pair.after, pair.path))
    }
  }
  return undefined
}

function listMembers(before: object, after: object, path: string): readonly Pair[] {
  const added = Array.isArray(before) && Array.isArray(after) ? after.length - before.length : 0
  // Arguments are inserted, and everything else is appended.
  const insertedAt =
    added > 0 && path.endsWith('/args') ? findInsertion(before as unknown[], after as unknown[]) : Infinity
  return Object.keys(before).map((key) => ({
    before: Reflect.get(before, key),
    after: Reflect.get(after, Number(key) >= insertedAt ? Number(key) + added : key),
    path: `${path.length < 200 ? path : '…'}/${key.slice(0, 40)}`,
  }))
}

/** The index of the first argument that differs. */
function findInsertion(before: readonly unknown[], after: readonly unknown[]): number {
  const at = before.findIndex((item, index) => item !== after[index])
  return at < 0 ? Infinity : at
}
