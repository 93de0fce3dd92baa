/** A version of Spark: `[3, 5, 1]`. */
export type SparkVersion = readonly [number, number, number]

/** Parses `3.5.1`, `4.0` or `v4.1.0-preview`. Undefined if the text is not a version. */
export function parseSparkVersion(text: string): SparkVersion | undefined {
  const [, major, minor, patch = '0'] = /^v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?![\d.])/.exec(text.trim()) ?? []
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor), Number(patch)]
}

/**
 * Guesses the version of an image by its tag: `apache/spark:3.5.1-scala2.12`, `spark-py:v3.4.0`. Undefined for an image
 * whose name does not contain spark.
 */
export function parseImageVersion(image: string): SparkVersion | undefined {
  const [, tag = ''] = /(?:^|\/)[\w.-]*spark[\w.-]*:([\w.-]+)(?:@|$)/i.exec(image) ?? []
  return parseSparkVersion(tag)
}

/** Negative if `a` is older. */
export function compareVersions(a: SparkVersion, b: SparkVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

export const formatVersion = (version: SparkVersion): string => version.join('.')
