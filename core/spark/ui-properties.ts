/** The properties of Spark that decide where a driver's UI is, and which application it lists. */
export const uiPropertyKeys: readonly string[] = [
  'spark.app.id',
  'spark.driver.blockManager.port',
  'spark.port.maxRetries',
  'spark.ssl.enabled',
  'spark.ssl.port',
  'spark.ssl.ui.enabled',
  'spark.ssl.ui.port',
  'spark.ui.enabled',
  'spark.ui.port',
]

/** No useful value of these properties is as long. */
const maxValueLength = 253

/**
 * Those of `conf`; undefined if it has none. A value with a variable that only the kubelet expands is left empty: it is not
 * known, but it still overrides the files. So is a value that is too long for the sidecar's environment.
 */
export function pickUiProperties(conf: ReadonlyMap<string, string>): Readonly<Record<string, string>> | undefined {
  const entries = uiPropertyKeys.flatMap((key) => {
    const value = conf.get(key)
    if (value === undefined) return []
    return [[key, value.length > maxValueLength || value.includes('$(') ? '' : value] as const]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
