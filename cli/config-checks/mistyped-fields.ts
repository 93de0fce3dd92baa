import { isRecord, toRecord, toText } from '../../core/json.ts'
import type { MistypedField } from './subject.ts'

/** Fields of a v1beta2 SparkApplication that are often mistyped, with the type of their definition. */
const fields: Readonly<Record<string, 'string' | 'integer'>> = {
  sparkVersion: 'string',
  memoryOverheadFactor: 'string',
  pythonVersion: 'string',
  'driver.cores': 'integer',
  'driver.coreRequest': 'string',
  'driver.coreLimit': 'string',
  'driver.memory': 'string',
  'driver.memoryOverhead': 'string',
  'executor.cores': 'integer',
  'executor.instances': 'integer',
  'executor.coreRequest': 'string',
  'executor.coreLimit': 'string',
  'executor.memory': 'string',
  'executor.memoryOverhead': 'string',
  'dynamicAllocation.initialExecutors': 'integer',
  'dynamicAllocation.minExecutors': 'integer',
  'dynamicAllocation.maxExecutors': 'integer',
  'restartPolicy.onFailureRetries': 'integer',
  'restartPolicy.onFailureRetryInterval': 'integer',
}
const maps = [
  'sparkConf',
  'hadoopConf',
  'driver.annotations',
  'driver.labels',
  'executor.annotations',
  'executor.labels',
]

/** Fields that the API server rejects because of their type: `coreLimit: 1` instead of a string, or `instances: "2"`. */
export function findMistypedFields(object: Readonly<Record<string, unknown>>): readonly MistypedField[] {
  const spec = toRecord(object.spec)
  const found: MistypedField[] = []
  const expect = (path: string, value: unknown, type: 'string' | 'integer') => {
    const actual = typeof value
    if (type === 'string' && (actual === 'number' || actual === 'boolean')) {
      found.push({
        path,
        actual: `the ${actual}`,
        value: toText(value),
        form: 'a string',
        corrected: JSON.stringify(toText(value)),
      })
    }
    if (type === 'integer' && value !== undefined && value !== null && !Number.isInteger(value)) {
      found.push({
        path,
        actual: `the ${actual}`,
        value: JSON.stringify(value),
        form: 'a whole number without quotes',
        corrected: wholeNumber(value),
      })
    }
  }
  for (const [path, type] of Object.entries(fields)) expect(`spec.${path}`, at(spec, path), type)
  const texts: readonly (readonly [string, unknown])[] = [
    ...maps.map((path) => [`spec.${path}`, at(spec, path)] as const),
    ['metadata.annotations', toRecord(object.metadata).annotations],
    ['metadata.labels', toRecord(object.metadata).labels],
  ]
  for (const [path, map] of texts) {
    for (const [key, value] of Object.entries(toRecord(map))) expect(`${path}["${key}"]`, value, 'string')
  }
  return found
}

const wholeNumber = (value: unknown) => (typeof value === 'string' && /^\d+$/.test(value) ? value : 'a whole number')

function at(spec: Readonly<Record<string, unknown>>, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), spec)
}
