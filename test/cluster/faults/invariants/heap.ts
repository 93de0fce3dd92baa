import { getHeapSnapshot } from 'node:v8'

const uidText = /"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"/g
const longestText = 40

/** Every text in this process' memory that is a uid and nothing else. Takes seconds and some hundred megabytes. */
export async function uidsInHeap(): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  let rest = ''
  for await (const piece of getHeapSnapshot()) {
    const text = rest + String(piece)
    for (const [, uid = ''] of text.matchAll(uidText)) found.add(uid)
    rest = text.slice(-longestText)
  }
  return found
}

/** Who is looked for in the memory must not be in it by that. */
export const hidden = (uid: string): string => [...uid].reverse().join('')
