/** A metric that an expression reads, and the matchers and groupings that go with it. */
export interface Selector {
  readonly metric: string
  /** `label` → the whole matcher, as `reason=~"a|b"`. */
  readonly matchers: ReadonlyMap<string, string>
}

const keywords = new Set('and or unless by without on ignoring group_left group_right offset bool inf nan'.split(' '))

/**
 * The metrics of a PromQL expression, with their matchers. Not a parser: promtool is one, in the cluster’s tests. A
 * selector must begin with its name.
 */
export function selectorsOf(expression: string): readonly Selector[] {
  const selectors: Selector[] = []
  const matchersOf: string[] = []
  const withoutMatchers = expression
    .replace(/#.*$/gm, '')
    .replace(/\{((?:"(?:[^"\\]|\\.)*"|[^"{}])*)\}/g, (_, inner: string) => `{${matchersOf.push(inner) - 1}}`)
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
  const word = /(?<![\w:.])([a-zA-Z_:][\w:]*)\s*(\(|\{(\d+)\})?/g
  for (const [, metric = '', after, index] of withoutMatchers.matchAll(word)) {
    if (after === '(' || keywords.has(metric.toLowerCase())) continue
    const matchers = index === undefined ? '' : (matchersOf[Number(index)] ?? '')
    selectors.push({ metric, matchers: new Map(splitMatchers(matchers)) })
  }
  return selectors
}

function splitMatchers(text: string): readonly (readonly [string, string])[] {
  return [...text.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"/g)].map(([whole, label = '']) => [label, whole])
}
