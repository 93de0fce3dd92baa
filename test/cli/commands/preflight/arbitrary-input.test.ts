import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { runCli } from '../../run-cli.ts'

const fields = [
  'driver',
  'executor',
  'volumes',
  'sparkConf',
  'image',
  'type',
  'restartPolicy',
  'mainApplicationFile',
  'dynamicAllocation',
  'imagePullSecrets',
  'sparkConfigMap',
  'deps',
] as const
const partFields = [
  'env',
  'envFrom',
  'volumeMounts',
  'sidecars',
  'initContainers',
  'template',
  'tolerations',
  'secrets',
  'configMaps',
  'envSecretKeyRefs',
  'memory',
  'cores',
  'coreLimit',
  'annotations',
  'labels',
  'nodeSelector',
  'securityContext',
] as const

const json = fc.jsonValue({ maxDepth: 3 })
const records = (names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, json])), { requiredKeys: [] })
const rolePart = fc.oneof(json, records(partFields))
const spec = fc.oneof(
  json,
  records(fields),
  fc.record({
    driver: rolePart,
    executor: rolePart,
    volumes: fc.array(fc.oneof(json, fc.record({ name: json, secret: json }))),
    sparkConf: fc.dictionary(fc.string(), json),
  }),
)

describe('preflight and validate with arbitrary input', () => {
  test('an application with arbitrary fields → checked without an exception', async () => {
    const apis = fc.constantFrom('sparkoperator.k8s.io/v1beta2', 'spark.apache.org/v1', 'sparkoperator.k8s.io/v1')
    await fc.assert(
      fc.asyncProperty(spec, json, apis, async (applicationSpec, metadata, apiVersion) => {
        const app = JSON.stringify({ apiVersion, kind: 'SparkApplication', metadata, spec: applicationSpec })
        for (const args of [
          ['preflight', 'app', '--offline'],
          ['validate', '-f', 'app'],
        ]) {
          const { exitCode, stderr } = await runCli(args, { app })
          const isTemplate = exitCode === 2 && /is a template/.test(stderr)
          assert.ok(exitCode === 0 || exitCode === 3 || isTemplate, stderr)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a configuration file with arbitrary lines → checked or rejected without an exception', async () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .tuple(
          fc.constantFrom(
            'spark.driver.memory',
            'spark.executor.cores',
            'spark.kubernetes.driver.volumes.a.b',
            '--conf',
          ),
          fc.string(),
        )
        .map((words) => words.join(' ')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (lines) => {
        const { exitCode, stderr } = await runCli(['preflight', 'app', '--offline'], { app: lines.join('\n') })
        assert.ok(exitCode !== 1, stderr)
      }),
      { numRuns: 300 },
    )
  })
})
