import fc from 'fast-check'
import { hasInvisible } from '../../core/visible-text.ts'

/** Text of a name or a log line that tries to control the terminal, to forge a line and to mislead the reader. */
export const hostileText = [
  '\u001b[31mred\u001b[0m',
  '\u001b]8;;http://evil\u0007link\u001b]8;;\u0007',
  '\u001b[2K\u001b[1A\r',
  '\u009b5m',
  '\nFORGED √ Nothing is wrong with it.\n',
  '\r\nFORGED\r\n',
  '\u2028FORGED\u2029',
  '\u202egnp.\u2066\u200b\ufeff\u{e0041}',
  '<b>&amp;"\'`](javascript:x)|',
].join(' ')

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The JSON value with {@link hostileText} behind some of its texts and keys, as `choose` decides. */
export function makeHostile(value: unknown, choose: () => boolean): unknown {
  if (typeof value === 'string') return choose() ? value + hostileText : value
  if (Array.isArray(value)) return value.map((item) => makeHostile(item, choose))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, makeHostile(item, choose)]))
}

/** Decides whether one of the texts of a document is hostile: an arbitrary third, half or all of them. */
export const hostileChoices: fc.Arbitrary<() => boolean> = fc
  .tuple(fc.constantFrom(0.1, 0.34, 0.5, 1), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })))
  .map(
    ([share, stream]) =>
      () =>
        stream.next().value < share,
  )

/** Throws if the output could deceive a terminal or a reader. `own` are the escape sequences of the program. */
export function assertHonest(output: string, own: RegExp | null): void {
  const text = (own === null ? output : output.replace(own, '')).replaceAll('\n', '')
  if (hasInvisible(text)) throw new Error(`the output contains an invisible character: ${JSON.stringify(output)}`)
  const forged = output.split('\n').find((line) => line.trimStart().startsWith('FORGED'))
  if (forged !== undefined) throw new Error(`the output contains a forged line: ${output}`)
}
