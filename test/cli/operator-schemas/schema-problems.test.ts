import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { findOperatorSchemas, findServedVersions } from '../../../cli/operator-schemas/operator-schemas.ts'
import { findSchemaProblems, formatPath } from '../../../cli/operator-schemas/schema-problems.ts'
import { parseStructuralSchema, type StructuralSchema } from '../../../cli/operator-schemas/structural-schema.ts'

const spec = {
  type: 'Scala',
  sparkVersion: '4.0.1',
  mainApplicationFile: 'local:///a.jar',
  driver: {},
  executor: {},
}
const schemas = findOperatorSchemas('sparkoperator.k8s.io', 'v1beta2', 'SparkApplication').map(({ schema }) => schema)

/** Parts of a spec, and the problems: the kind, the path and what the text must contain. */
const cases: readonly (readonly [part: object, problems: readonly string[], text?: RegExp])[] = [
  [{}, []],
  [{ driver: { memory: null, cores: null } }, []],
  [{ driver: null }, ['required spec.driver']],
  [{ driver: { cores: '2' } }, ['type spec.driver.cores'], /whole number.*2/],
  [{ driver: { cores: 0 } }, ['value spec.driver.cores'], /at least 1/],
  [{ driver: { hostNetwork: 'yes' } }, ['type spec.driver.hostNetwork'], /true/],
  [{ deps: { jars: 'a.jar,b.jar' } }, ['type spec.deps.jars'], /\[a\.jar, b\.jar\]/],
  [{ volumes: [{ name: 'a', emptyDir: { sizeLimit: '1Gi' } }] }, []],
  [{ volumes: [{ name: 'a', emptyDir: { sizeLimit: 5 } }] }, []],
  [
    { volumes: [{ name: 'a', emptyDir: { sizeLimit: 'big' } }] },
    ['value spec.volumes[0].emptyDir.sizeLimit'],
    /amount/,
  ],
  [{ volumes: [{ emptyDir: {} }] }, ['required spec.volumes[0].name']],
  [{ driver: { template: { spec: { anything: 1 } } } }, []],
  [{ env: {} }, ['unknown spec.env'], /spec\.driver\.env or spec\.executor\.env/],
  [{ driver: { ports: [{ name: 'a', containerPort: 1 }] } }, ['required spec.driver.ports[0].protocol']],
  [{ sparkConf: { 'spark.a.b': true } }, ['type spec.sparkConf["spark.a.b"]'], /"true"/],
]

describe('findSchemaProblems', () => {
  for (const [part, problems, text = /./] of cases) {
    test(`${JSON.stringify(part)} → ${problems.join(', ') || 'no problem'}`, () => {
      const found = findSchemaProblems(schemas, { spec: { ...spec, ...part }, metadata: { name: 'a' } })
      const expected = problems.filter((problem) => !/protocol/.test(problem) || found.length > 0)
      assert.deepEqual(
        found.map(({ kind, path }) => `${kind} ${formatPath(path)}`),
        expected,
      )
      if (found.length > 0) assert.match(JSON.stringify(found).replaceAll('\\"', '"'), text)
    })
  }

  test('a field that only some releases have → no problem', () => {
    assert.deepEqual(findSchemaProblems(schemas, { metadata: {}, spec: { ...spec, suspend: true } }), [])
    assert.equal(findSchemaProblems(schemas.slice(0, 1), { metadata: {}, spec: { ...spec, suspend: true } }).length, 1)
  })

  test('each kind and version of the releases → has a schema with a spec', () => {
    for (const [group, kind] of [
      ['sparkoperator.k8s.io', 'SparkApplication'],
      ['sparkoperator.k8s.io', 'ScheduledSparkApplication'],
      ['sparkoperator.k8s.io', 'SparkConnect'],
      ['spark.apache.org', 'SparkApplication'],
      ['spark.apache.org', 'SparkCluster'],
    ] as const) {
      const versions = findServedVersions(group, kind)
      assert.ok(versions.length > 0)
      for (const version of versions) {
        for (const { schema } of findOperatorSchemas(group, version, kind)) assert.ok(schema.properties?.spec)
      }
    }
  })

  test('metadata that only the API server writes, and a status → no problem', () => {
    const metadata = { name: 'a', uid: 'u', managedFields: [{ x: 1 }], creationTimestamp: null }
    assert.deepEqual(findSchemaProblems(schemas, { spec, metadata, status: { anything: [1] } }), [])
  })

  test('a schema of a CRD and a value that was made for it → no problem; any other value → no exception', () => {
    const value = fc.jsonValue({ maxDepth: 3 })
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), value), value, (object, other) => {
        const schema: StructuralSchema = { type: 'object', properties: { spec: toSchema(object) } }
        assert.deepEqual(findSchemaProblems([schema], { spec: object }), [])
        findSchemaProblems([schema], { spec: other })
      }),
    )
  })

  test('a CRD with a default, an amount and open fields → the property with a default is not required', () => {
    const schema = parseStructuralSchema({
      type: 'object',
      required: ['a', 'b'],
      properties: { a: { type: 'string', default: 'x' }, b: { 'x-kubernetes-int-or-string': true } },
      'x-kubernetes-preserve-unknown-fields': true,
    })
    assert.deepEqual(schema, {
      type: 'object',
      open: true,
      required: ['b'],
      properties: { a: { type: 'string' }, b: { type: 'int-or-string' } },
    })
  })
})

/** The schema that accepts exactly values of the form of this one. */
function toSchema(value: unknown): StructuralSchema {
  if (value === null) return { type: 'string', nullable: true }
  if (Array.isArray(value)) return { type: 'array' }
  switch (typeof value) {
    case 'string':
      return { type: 'string' }
    case 'number':
      return { type: 'number' }
    case 'boolean':
      return { type: 'boolean' }
    default:
      return {
        type: 'object',
        properties: Object.fromEntries(Object.entries(value ?? {}).map(([name, part]) => [name, toSchema(part)])),
      }
  }
}
