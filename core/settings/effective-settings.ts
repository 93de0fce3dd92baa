import { createBoundedMemo } from '../bounded-memo.ts'
import { domain, reservedAnnotations } from '../contract/pod-contract.ts'
import { type ResolvedSettings, resolveSettings, type WrittenSettings } from './settings.ts'

type Annotations = Readonly<Record<string, string>>

/** All settings that spark-nanny has, each written twice, take about 3,000 characters. */
const maxKeyLength = 4_096
/** Most drivers of a cluster have the same settings, so few results have to be kept. */
const maxEntries = 256

type Memo = ReturnType<typeof createBoundedMemo<ResolvedSettings>>
const memos = new WeakMap<Annotations, Memo>()

/**
 * {@link resolveSettings}, computed once for drivers with the same annotations and the same chart values (the same object).
 * The result is shared, which also lets `encodePolicy` reuse the text of the settings.
 */
export function resolveDriverSettings(written: WrittenSettings & { readonly chart: Annotations }): ResolvedSettings {
  const memo = memos.get(written.chart) ?? createBoundedMemo<ResolvedSettings>({ maxKeyLength, maxEntries })
  memos.set(written.chart, memo)
  const key = `${formatAnnotations(written.application)}\n${formatAnnotations(written.pod)}`
  return memo(key, () => resolveSettings(written))
}

/** The text of all settings. The rest of a text that is too long to be remembered is left out. */
function formatAnnotations(annotations: Annotations | null | undefined): string {
  let text = ''
  for (const name in annotations) {
    if (!name.startsWith(domain) || reservedAnnotations.includes(name)) continue
    const value = annotations[name] ?? ''
    text += `${name.length}:${name}${value.length}:${value}`
    if (text.length > maxKeyLength) return text
  }
  return text
}
