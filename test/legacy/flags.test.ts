import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseLegacyFlags } from '../../legacy/flags.ts'
import { parseConfig } from '../../webhook/config/config.ts'

describe('parseLegacyFlags', () => {
  test('no arguments → no variables', () => {
    assert.deepEqual(parseLegacyFlags([]), { env: {} })
  })

  test('the flags of the predecessor → the configuration', () => {
    const argv = ['--apps=a,My_App', '-interval', '45', '--timeout=5', '--namespace=jobs', '--dry-run', '-debug']
    const parsed = parseLegacyFlags([...argv, '--listen-address', ':9999'])
    assert.ok('env' in parsed)
    const config = parseConfig({
      SPARK_NANNY_TLS_CERT_FILE: '/tls/tls.crt',
      SPARK_NANNY_TLS_KEY_FILE: '/tls/tls.key',
      SPARK_NANNY_SIDECAR_IMAGE: 'sidecar:1',
      SPARK_NANNY_NAMESPACE: 'spark-nanny',
      ...parsed.env,
    })
    assert.ok('config' in config)
    assert.equal(config.config.metricsPort, 9999)
    assert.equal(config.config.logLevel, 'debug')
    assert.ok(config.config.kubernetes.kind === 'on')
    const { fallback, dryRun } = config.config.kubernetes.controller
    assert.equal(dryRun, true)
    assert.deepEqual(fallback, {
      mode: 'report',
      intervalMs: 45_000,
      timeoutMs: 5_000,
      failureThreshold: 3,
      apps: ['a', 'my-app'],
      appsNamespace: 'jobs',
    })
  })

  test('boolean flags with a value → the value counts', () => {
    assert.deepEqual(parseLegacyFlags(['--debug=false', '-dry-run=1']), { env: { SPARK_NANNY_DRY_RUN: 'true' } })
  })

  test('several wrong arguments → a problem for each, with the right form', () => {
    const parsed = parseLegacyFlags(['--interval=30s', '--nope', '--debug=maybe', '--listen-address=host:1', '--apps'])
    assert.ok('problems' in parsed)
    assert.deepEqual(
      parsed.problems.map(({ key, value }) => [key, value]),
      [
        ['--interval', '30s'],
        ['argument', '--nope'],
        ['--debug', 'maybe'],
        ['--listen-address', 'host:1'],
        ['--apps', undefined],
      ],
    )
  })
})
