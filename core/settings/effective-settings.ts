import { domain, reservedAnnotations } from '../contract/pod-contract.ts'
import { type ResolvedSettings, resolveSettings, type WrittenSettings } from './settings.ts'

type Annotations = Readonly<Record<string, string>>

/** Most drivers of a cluster have the same settings, so few results have to be kept. */
const maxRemembered = 256
const remembered = new WeakMap<Annotations, Map<string, ResolvedSettings>>()

/**
 * {@link resolveSettings}, computed once for drivers with the same annotations and the same chart values (the same object).
 * The result is shared, which also lets `encodePolicy` reuse the text of the settings.
 */
export function resolveDriverSettings(written: WrittenSettings & { readonly chart: Annotations }): ResolvedSettings {
  const known = remembered.get(written.chart) ?? new Map<string, ResolvedSettings>()
  remembered.set(written.chart, known)
  const key = `${formatAnnotations(written.application)}\n${formatAnnotations(written.pod)}`
  const found = known.get(key)
  if (found !== undefined) return found
  const settings = resolveSettings(written)
  if (known.size >= maxRemembered) known.clear()
  known.set(key, settings)
  return settings
}

function formatAnnotations(annotations: Annotations | null | undefined): string {
  let text = ''
  for (const name in annotations) {
    if (name.startsWith(domain) && !reservedAnnotations.includes(name)) {
      text += `${JSON.stringify(name)}${JSON.stringify(annotations[name])}`
    }
  }
  return text
}
