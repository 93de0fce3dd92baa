import { oneOf, type Random } from '../../support/random.ts'

/** A place in a JSON value: the list or object that contains it, and its key there. */
interface Place {
  readonly parent: Record<string, unknown>
  readonly key: string
}

/** All places in the value, the parents first. */
export function findPlaces(value: unknown): readonly Place[] {
  const places: Place[] = []
  const open = [value]
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    if (typeof parent !== 'object' || parent === null) continue
    for (const key of Object.keys(parent)) {
      const place: Place = { parent: parent as Record<string, unknown>, key }
      places.push(place)
      open.push(place.parent[key])
    }
  }
  return places
}

const nest = (open: string, depth: number, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`
const numbered = (count: number, write: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => write(at)).join()

/** JSON texts of some 20 kB that are deep, long or have odd keys. */
export const hostileTexts: readonly [string, ...string[]] = [
  nest('[', 8_000, ']'),
  nest('{"0":', 3_000, '}'),
  nest('{"toJSON":', 1_500, '}'),
  nest('{"__proto__":', 1_500, '}'),
  nest('[{"constructor":', 1_000, '}]'),
  `"${'x'.repeat(20_000)}"`,
  `"${'$('.repeat(10_000)}"`,
  `"${'/'.repeat(20_000)}x"`,
  `"${'1'.repeat(20_000)}x"`,
  `{"${'k'.repeat(20_000)}":"x"}`,
  `{${numbered(1_500, (at) => `"k${at}":"x"`)}}`,
  `{${numbered(800, (at) => `"spark-nanny.io/timeuot-${at}":"x"`)}}`,
  `[${numbered(1_500, () => '{"name":"x"}')}]`,
  `[${numbered(4_000, () => '0')}]`,
]

/** JSON texts of up to 3 MB that would take long to parse or to look at. */
export const largeTexts: readonly [string, ...string[]] = [
  nest('[', 1_400_000, ']'),
  nest('{"0":', 400_000, '}'),
  '['.repeat(2_800_000),
  `[${numbered(200_000, (at) => `{"k${at}":1}`)}]`,
  `{${numbered(200_000, (at) => `"k${at}":1`)}}`,
  `[${numbered(1_400_000, () => '0')}]`,
  `"${'x'.repeat(2_800_000)}"`,
  `"${'\\"'.repeat(1_400_000)}"`,
  `"${'$('.repeat(1_400_000)}"`,
  `"${'/'.repeat(2_800_000)}x"`,
  `${' '.repeat(2_800_000)}1`,
  `{"${'k'.repeat(2_800_000)}":1}`,
]

/** What a client that is wrong, or a test of limits, would write. */
const oddTexts: readonly [string, ...string[]] = [
  'null',
  'true',
  '0',
  '-1',
  '1e999',
  '4294967296',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"~/x~1"',
  '"$(A)$$(B)"',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '{"toString":null}',
  '{"__proto__":{"name":"x"}}',
  '{"name":"spark-nanny"}',
  '{"0":0}',
  '"driver"',
  '"Always"',
  '"spark-nanny"',
]

/** Marks the place of a text that replaces a value, because JSON.stringify would overflow the stack on what the text nests. */
const placeholder = '\u{e000}here\u{e000}'

/** The JSON of a copy of `value` in which the text replaces the value at one place. */
export function writeWith(value: unknown, at: number, text: string): string {
  const copy = structuredClone(value)
  const place = findPlaces(copy)[at]
  if (place !== undefined) place.parent[place.key] = placeholder
  return JSON.stringify(copy).replace(`"${placeholder}"`, () => text)
}

/** The JSON of `value` with one to three changes of its structure. */
export function mutateStructure(random: Random, value: unknown): string {
  let text = JSON.stringify(value)
  for (let change = 1 + Math.floor(random() * 3); change > 0; change -= 1) {
    const copy: unknown = JSON.parse(text)
    const places = findPlaces(copy)
    const place = places[Math.floor(random() * places.length)]
    if (place === undefined) return text
    const { parent, key } = place
    const kind = random()
    if (kind < 0.15) delete parent[key]
    else if (kind < 0.3) parent[key] = places[Math.floor(random() * places.length)]?.parent
    else if (kind < 0.4) copyMember(parent, key, oneOf(random, ['__proto__', '0', 'name', 'spec', 'livenessProbe']))
    else parent[key] = placeholder
    text = stringifyAcyclic(copy)?.replace(`"${placeholder}"`, () => oneOf(random, oddTexts)) ?? text
  }
  return text
}

/** An assignment to `__proto__` would change the prototype. */
function copyMember(parent: Record<string, unknown>, from: string, to: string): void {
  Object.defineProperty(parent, to, { value: parent[from], enumerable: true, configurable: true, writable: true })
}

/** Undefined if a value contains itself. */
function stringifyAcyclic(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** The text with some bytes changed, cut out, or written twice. */
export function mutateBytes(random: Random, text: string): Buffer {
  let bytes = Buffer.from(text)
  for (let change = 1 + Math.floor(random() * 4); change > 0; change -= 1) {
    const at = Math.floor(random() * bytes.length)
    const end = Math.min(bytes.length, at + Math.floor(random() * 40))
    const kind = random()
    if (kind < 0.4) bytes[at] = Math.floor(random() * 256)
    else if (kind < 0.6) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    else if (kind < 0.8) bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
    else bytes = bytes.subarray(0, random() < 0.5 ? at : bytes.length)
  }
  return bytes
}
