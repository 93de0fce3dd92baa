import { getHeapSnapshot } from 'node:v8'

const uidText = /"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"/g
const longestText = 40

/** Every string in this process' heap that is exactly a uid. Takes seconds and some hundred megabytes. */
export async function findUidsInHeap(): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  let rest = ''
  for await (const piece of getHeapSnapshot()) {
    const text = rest + String(piece)
    for (const [, uid = ''] of text.matchAll(uidText)) found.add(uid)
    rest = text.slice(-longestText)
  }
  return found
}

/** The list of uids to search for must not itself be found. */
export const reverseUid = (uid: string): string => [...uid].reverse().join('')
