import fc from 'fast-check'

/** A question to SparkPods.java. */
export type Question =
  | { readonly size: string; readonly unit: string }
  | { readonly time: string; readonly unit: string }
  | { readonly conf: Readonly<Record<string, string>>; readonly language: 'jvm' | 'python' }

export interface PodsAnswer {
  readonly driver?: Resources
  readonly executor?: Resources
  readonly refused?: string
}
export interface Resources {
  readonly requests: Readonly<Record<string, string>>
  readonly limits: Readonly<Record<string, string>>
}

const suffixes = [
  '',
  'b',
  'k',
  'kb',
  'm',
  'mb',
  'g',
  'gb',
  't',
  'p',
  'Ki',
  'gib',
  'us',
  'ms',
  's',
  'min',
  'h',
  'd',
  'ns',
  'x',
]
const numbers = [
  '0',
  '1',
  '4',
  '512',
  '1023',
  '1024',
  '1500',
  '-1',
  '+1',
  '1.5',
  '0x10',
  '',
  ' 7',
  '1_0',
  '9223372036854775807',
  '9223372036854775808',
  '9007199254740993',
]

/** The questions to Spark: every combination of common values, and a few hundred random ones with a fixed seed. */
export function questions(): readonly Question[] {
  const texts = [
    ...numbers.flatMap((number) => suffixes.map((suffix) => `${number}${suffix}`)),
    ...['1 g', '1g ', '1G', ' 1g', '\t1g', 'g', '1gg', '-', '1d2', '٣m', '1M\n'],
    ...fc.sample(fc.stringMatching(/^ ?-?[0-9]{0,20}[a-zA-Z]{0,3}$/), { numRuns: 200, seed: 6 }),
  ]
  return [
    ...texts.flatMap((text): readonly Question[] => [
      { size: text, unit: 'MiB' },
      { size: text, unit: 'b' },
      { time: text, unit: 'ms' },
      { time: text, unit: 's' },
    ]),
    ...configurations(),
  ]
}

function configurations(): readonly Question[] {
  const values: Readonly<Record<string, readonly string[]>> = {
    'spark.driver.memory': ['512m', '1g', '8g', '10000', '3500k', '1.5g', '4Gi'],
    'spark.driver.memoryOverhead': ['100m', '1g', '0', '1000', 'much'],
    'spark.driver.memoryOverheadFactor': ['0.05', '0.25', '1', '0', '-1', 'a'],
    'spark.driver.minMemoryOverhead': ['128m', '1g'],
    'spark.executor.memory': ['512m', '4g', '12345m', '1t', '100'],
    'spark.executor.memoryOverhead': ['100m', '2g', '1536'],
    'spark.executor.memoryOverheadFactor': ['0.3', '0.05', '2.5'],
    'spark.executor.minMemoryOverhead': ['64m', '1g'],
    'spark.kubernetes.memoryOverheadFactor': ['0.2', '0.15', '0', '-0.1'],
    'spark.memory.offHeap.enabled': ['true', 'false', 'yes'],
    'spark.memory.offHeap.size': ['1g', '0', '1500000000', '1048575', '5'],
    'spark.executor.pyspark.memory': ['1g', '700m', '300'],
    'spark.driver.cores': ['2', '0', 'two'],
    'spark.kubernetes.driver.request.cores': ['500m', '0.1', '100', 'abc'],
    'spark.kubernetes.driver.limit.cores': ['1', '200m'],
    'spark.executor.cores': ['4', '0', '1.5'],
    'spark.kubernetes.executor.request.cores': ['100m', '3'],
    'spark.kubernetes.executor.limit.cores': ['2', '4000m'],
    'spark.executor.extraJavaOptions': ['-Xmx1g', '-XX:+UseG1GC', '-Dspark.x=y', '-Dmine=y', '-Xms1g'],
    'spark.driver.extraJavaOptions': ['-Dspark.x=y', '-XX:+UseG1GC'],
    'spark.network.timeout': ['5s', '10s', '10001ms', '11s', '120', '1.5h'],
    'spark.executor.heartbeatInterval': ['10', '119s', '120s', '2min'],
    'spark.memory.storageFraction': ['0.5', '1.5', '-1'],
    'spark.memory.fraction': ['0.5', '1.5', 'half'],
    'spark.network.crypto.enabled': ['true', 'false'],
    'spark.authenticate.enableSaslEncryption': ['true'],
    'spark.driver.host': ['10.0.0.1'],
    'spark.driver.bindAddress': ['0.0.0.0'],
    'spark.kubernetes.driver.pod.name': ['ok-driver', 'Not_OK', 'a'.repeat(80)],
    'spark.kubernetes.executor.podNamePrefix': ['ok', 'a'.repeat(47), 'a'.repeat(48), 'Upper', 'end-', '1st'],
    'spark.kubernetes.driver.secretKeyRef.TOKEN': ['name:key', 'name'],
    'spark.kubernetes.driver.volumes.hostPath.data.mount.path': ['/data'],
    'spark.kubernetes.driver.volumes.bogus.data.mount.path': ['/data'],
  }
  const single = Object.entries(values).flatMap(([key, each]) => each.map((value) => ({ [key]: value })))
  const some = fc.record(
    Object.fromEntries(
      Object.entries(values)
        .slice(0, 12)
        .map(([key, each]) => [key, fc.constantFrom(...each)]),
    ),
    { requiredKeys: [] },
  )
  const mixed = fc.sample(some, { numRuns: 120, seed: 6 })
  const languages = ['jvm', 'python'] as const
  return [{}, ...single, ...mixed].flatMap((conf) =>
    languages.map((language) => ({ conf: definedOnly(conf), language })),
  )
}

function definedOnly(conf: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(conf).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
