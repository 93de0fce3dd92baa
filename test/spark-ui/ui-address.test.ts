import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DriverPolicy } from '../../core/settings/driver-policy.ts'
import { formatAddress, locateUi, type UiAddress } from '../../spark-ui/ui-address.ts'
import { applicationId, policyWith } from '../support/driver-policy.ts'

type Properties = Readonly<Record<string, string>> | null
const target = (properties: Properties, policy: Partial<DriverPolicy> = {}, addresses: readonly string[] = []) =>
  locateUi(policyWith(policy), properties === null ? null : new Map(Object.entries(properties)), addresses)

const written = (key: string, value: string) => ({ settings: { [key]: { value, source: 'application' as const } } })

const rows: readonly (readonly [string, Properties, Partial<DriverPolicy>, string])[] = [
  ['no properties', null, {}, 'http://127.0.0.1:4040'],
  ['no settings', {}, {}, 'http://127.0.0.1:4040'],
  ['the UI is off', { 'spark.ui.enabled': 'false' }, {}, 'none: spark.ui.enabled=false'],
  ['the UI is off, in capitals', { 'spark.ui.enabled': ' FALSE' }, {}, 'none: spark.ui.enabled=false'],
  ['the UI is on', { 'spark.ui.enabled': 'true' }, {}, 'http://127.0.0.1:4040'],
  ['another port', { 'spark.ui.port': '4041' }, {}, 'http://127.0.0.1:4041'],
  ['a random port', { 'spark.ui.port': '0' }, {}, 'none: spark.ui.port=0: the port of the UI is random'],
  ['a bad port', { 'spark.ui.port': '99999' }, {}, 'http://127.0.0.1:4040'],
  [
    'the user wrote a port',
    { 'spark.ui.port': '4041' },
    { ui: { scheme: 'http', port: 5000 }, ...written('ui-port', '5000') },
    'http://127.0.0.1:5000',
  ],
  [
    'the user wrote a port, Spark a random one',
    { 'spark.ui.port': '0' },
    { ui: { scheme: 'http', port: 5000 }, ...written('ui-port', '5000') },
    'http://127.0.0.1:5000',
  ],
  ['the user wrote auto', { 'spark.ui.port': '4041' }, written('ui-port', 'auto'), 'http://127.0.0.1:4041'],
  ['TLS of the UI', { 'spark.ssl.ui.enabled': 'true' }, {}, 'https://127.0.0.1:4440'],
  ['TLS of all', { 'spark.ssl.enabled': 'true' }, {}, 'https://127.0.0.1:4440'],
  [
    'TLS of all but the UI',
    { 'spark.ssl.enabled': 'true', 'spark.ssl.ui.enabled': 'false' },
    {},
    'http://127.0.0.1:4040',
  ],
  [
    'TLS on its own port',
    { 'spark.ssl.ui.enabled': 'true', 'spark.ssl.ui.port': '8443' },
    {},
    'https://127.0.0.1:8443',
  ],
  [
    'TLS on a random port: the redirect',
    { 'spark.ssl.ui.enabled': 'true', 'spark.ssl.ui.port': '0' },
    {},
    'http://127.0.0.1:4040',
  ],
  [
    'TLS, and the user wrote http',
    { 'spark.ssl.ui.enabled': 'true' },
    written('ui-scheme', 'http'),
    'http://127.0.0.1:4040',
  ],
  [
    'the user wrote https',
    {},
    { ui: { scheme: 'https', port: 4440 }, ...written('ui-scheme', 'https') },
    'https://127.0.0.1:4440',
  ],
]
describe('locateUi', () => {
  for (const [what, properties, policy, expected] of rows) {
    test(`${what} → ${expected}`, () => {
      const found = target(properties, policy)
      assert.equal(found.kind === 'none' ? `none: ${found.reason}` : formatAddress(found.first), expected)
    })
  }

  const others = (properties: Properties, addresses: readonly string[] = []): readonly string[] => {
    const found = target(properties, {}, addresses)
    return found.kind === 'none' ? [] : found.others.map((address: UiAddress) => formatAddress(address))
  }

  test('other addresses → as many ports as Spark tries', () => {
    assert.deepEqual(others({ 'spark.port.maxRetries': '2' }), ['http://127.0.0.1:4041', 'http://127.0.0.1:4042'])
    assert.equal(others({}).length, 16)
    assert.equal(others({ 'spark.port.maxRetries': '65000' }).length, 100)
    assert.deepEqual(others({ 'spark.ui.port': '65535', 'spark.port.maxRetries': '1' }), ['http://127.0.0.1:1024'])
  })

  test('other addresses → the addresses of the pod, and the plain port of a TLS UI', () => {
    const none = { 'spark.port.maxRetries': '0' }
    assert.deepEqual(others(none, ['10.0.0.7', 'fd00::7']), ['http://10.0.0.7:4040', 'http://[fd00::7]:4040'])
    assert.deepEqual(others({ ...none, 'spark.ssl.ui.enabled': 'true' }), ['http://127.0.0.1:4040'])
  })

  test('an application id in the properties → preferred over the one of the policy', () => {
    const idOf = (properties: Properties) => {
      const found = target(properties)
      return found.kind === 'ui' ? found.applicationId : undefined
    }
    assert.equal(idOf({ 'spark.app.id': 'mine' }), 'mine')
    assert.equal(idOf({}), applicationId)
  })

  test('arguments and a file → the arguments count, also those whose value is not known', () => {
    const properties = { 'spark.ui.port': '4050', 'spark.app.id': 'of-the-file', 'spark.ssl.enabled': 'true' }
    const uiProperties = { 'spark.ui.port': '4060', 'spark.app.id': '', 'spark.ssl.enabled': 'false' }
    const found = target(properties, { uiProperties, applicationId: null })
    assert.ok(found.kind === 'ui')
    assert.deepEqual([formatAddress(found.first), found.applicationId], ['http://127.0.0.1:4060', null])
  })

  test('arguments that switch the UI off → none', () => {
    assert.equal(target({}, { uiProperties: { 'spark.ui.enabled': 'false' } }).kind, 'none')
  })

  test('a node with thousands of addresses → only a few are polled', () => {
    const addresses = Array.from({ length: 5_000 }, (_, n) => `10.96.${n >> 8}.${n & 255}`)
    const target = locateUi(policyWith(), null, addresses)
    assert.ok(target.kind === 'ui' && target.others.length < 30)
  })
})
