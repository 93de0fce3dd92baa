/** Each symptom, with the finding that explains it. Findings that nothing explains are not in the map. */
export type ExplanationGraph<Found> = ReadonlyMap<Found, Found>

/**
 * Links each finding to the first one in the order that explains it. Two findings that explain each other are not linked.
 */
export function buildExplanationGraph<Found>(
  ranked: readonly Found[],
  explains: (one: Found, other: Found) => boolean,
): ExplanationGraph<Found> {
  const graph = new Map<Found, Found>()
  for (const symptom of ranked) {
    const root = ranked.find((other) => other !== symptom && explains(other, symptom) && !explains(symptom, other))
    if (root !== undefined) graph.set(symptom, root)
  }
  return graph
}

/** Follows the explanations to the root cause. A root cause is its own root. Ends at the last finding of a cycle. */
export function findRoot<Found>(graph: ExplanationGraph<Found>, found: Found): Found {
  const seen = new Set<Found>()
  let root = found
  for (let next = graph.get(root); next !== undefined && !seen.has(next); next = graph.get(root)) {
    seen.add(next)
    root = next
  }
  return root
}

/** The root causes. Those that explain the driver's end come first, otherwise the order is kept. */
export function orderRoots<Found>(
  ranked: readonly Found[],
  graph: ExplanationGraph<Found>,
  explainsEnd: ReadonlySet<Found>,
): readonly Found[] {
  const roots = ranked.filter((found) => !graph.has(found))
  return [...roots.filter((root) => explainsEnd.has(root)), ...roots.filter((root) => !explainsEnd.has(root))]
}
