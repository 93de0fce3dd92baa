import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Container, Pod } from '../../../core/kubernetes/pod.ts'
import { identifyDriver } from '../../../core/spark/driver-identity.ts'

const jar = 'local:///app.jar'
const id = { 'spark-app-selector': 'spark-1' }
const bound = [{ name: 'SPARK_DRIVER_BIND_ADDRESS', valueFrom: {} }]
const jdwp = '-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005'

interface Shape {
  readonly container?: Partial<Container>
  readonly labels?: Readonly<Record<string, string>>
  readonly owner?: string
  readonly volumes?: readonly string[]
  readonly hostNetwork?: boolean
  readonly sparkConf?: Readonly<Record<string, string>>
  readonly assumed?: boolean
}

const identify = ({ container, labels = id, owner, volumes = [], hostNetwork, sparkConf = {}, assumed }: Shape) => {
  const driver: Container = { name: 'd', args: ['driver', '--class', 'A', jar], ...container }
  const pod: Pod = {
    metadata: {
      labels,
      ...(owner !== undefined && { ownerReferences: [{ apiVersion: 'x/v1', kind: owner, name: 'app', uid: 'u' }] }),
    },
    spec: {
      containers: [driver],
      volumes: volumes.map((name) => ({ name })),
      ...(hostNetwork !== undefined && { hostNetwork }),
    },
  }
  return identifyDriver(pod, driver, { sparkConf, assumed: assumed ?? false, uiPortIsSet: false })
}
const run = (...args: readonly string[]): Shape => ({ container: { args: ['driver', ...args] } })
const submit = (...args: readonly string[]) => ({ command: ['/opt/spark/bin/spark-submit'], args: [...args, jar] })

const unproven: readonly (readonly [string, Shape, RegExp])[] = [
  ['a toolbox', { container: { command: ['sleep'], args: ['infinity'] }, labels: {} }, /runs neither/],
  ['a toolbox with a copied id', { container: { command: ['sleep', 'infinity'], args: [] } }, /runs neither/],
  ['a sleeping driver template', { container: { command: ['sleep', 'infinity'] } }, /runs neither/],
  ['a shell script', { container: { command: ['sh', '-c', 'spark-submit app.jar'], args: [] } }, /runs neither/],
  ['a shell that ignores its arguments', { container: { command: ['sh', '-c', 'sleep 600', '--'] } }, /runs neither/],
  [
    'a shell whose name is the argument driver',
    { container: { command: ['bash', '-ec', 'exec spark "$@"'], args: ['driver', '--class', 'A', jar] } },
    /runs neither/,
  ],
  ['no command at all', { container: { args: [] } }, /runs neither/],
  ['an argument driver only', { labels: {} }, /no application id/],
  ['spark-submit without a bind address', { container: submit('--deploy-mode', 'client') }, /client mode/],
  ['spark-submit in cluster mode', { container: { ...submit('--deploy-mode', 'cluster'), env: bound } }, /is cluster/],
  ['spark-submit --status', { container: submit('--status', 'ns:d') }, /no application/],
  ['a History Server', run('--class', 'org.apache.spark.deploy.history.HistoryServer', jar), /History Server/],
  [
    'a Connect server',
    run('--class', 'org.apache.spark.sql.connect.service.SparkConnectServer', jar),
    /Connect server/,
  ],
  ['a Thrift server', run('--class=org.apache.spark.sql.hive.thriftserver.HiveThriftServer2', jar), /Thrift server/],
  ['a kernel by its file', run('local:///x/launch_ipykernel.py', '--port', '1'), /kernel/],
  ['a kernel by its label', { labels: { ...id, kernel_id: '1' } }, /kernel/],
  ['a shell', run('pyspark-shell'), /shell/],
  [
    'a start script of Spark',
    { container: { command: ['/opt/spark/sbin/start-history-server.sh'], args: [] } },
    /neither/,
  ],
]

const proven: readonly (readonly [string, Shape])[] = [
  ['an id', {}],
  ['an id in the arguments', { ...run('--conf', 'spark.app.id=mine', jar), labels: {} }],
  ['an id in the SparkApplication', { labels: {}, sparkConf: { 'spark.app.id': 'mine' } }],
  ['a SparkApplication', { labels: {}, owner: 'SparkApplication' }],
  ['spark.properties', { labels: {}, volumes: ['spark-conf-volume-driver'] }],
  ['spark-submit with a bind address', { container: submit('--conf', 'spark.driver.bindAddress=10.0.0.1') }],
  ['spark-submit with a bind address in env', { container: { ...submit(), env: bound } }],
  ['tini before the entrypoint', { container: { command: ['/usr/bin/tini', '-s', '--', '/opt/entrypoint.sh'] } }],
  [
    'a shell that passes its arguments on',
    { container: { command: ['/bin/sh', '-c', '. /vault/env && exec /opt/entrypoint.sh "$@"', '--'] } },
  ],
  ['an entrypoint of the user', { container: { command: ['/opt/my-entrypoint.sh'] } }],
  ['a kernel’s name as an argument', run('--class', 'A', jar, 'launch_ipykernel.py')],
  ['a server’s name as an argument', run('--class', 'A', jar, 'org.apache.spark.deploy.history.HistoryServer')],
]

describe('identifyDriver', () => {
  for (const [name, shape, doubt] of unproven) {
    test(`${name} → unproven, and only observed`, () => {
      const { kind, doubts, observedBecause } = identify(shape)
      assert.equal(kind, 'unproven')
      assert.match(doubts.join('; '), doubt)
      assert.match(observedBecause ?? '', /only observed, unless spark-nanny.io\/assume-driver is true/)
    })

    test(`${name}, for which a person vouches → assumed`, () => {
      const { kind, observedBecause } = identify({ ...shape, assumed: true })
      assert.deepEqual([kind, observedBecause], ['assumed', null])
    })
  }

  for (const [name, shape] of proven) {
    test(`the argument driver and ${name} → proven`, () => {
      const { kind, doubts, observedBecause } = identify(shape)
      assert.deepEqual([kind, doubts, observedBecause], ['proven', [], null])
    })
  }

  const observed: readonly (readonly [string, Shape, RegExp])[] = [
    [
      'the network of the node without an id',
      { hostNetwork: true, labels: {}, owner: 'SparkApplication' },
      /node’s network/,
    ],
    ['spark.ui.enabled=false', run('--conf', 'spark.ui.enabled=false', jar), /switched off/],
    ['spark.ui.enabled=$(UNKNOWN)', run('--conf', 'spark.ui.enabled=$(UNKNOWN)', jar), /switched off/],
    ['spark.ui.port=0', run('--conf=spark.ui.port=0', jar), /random port/],
    ['a UI that the SparkApplication switches off', { sparkConf: { 'spark.ui.enabled': 'FALSE' } }, /switched off/],
    ['a debugger in env', { container: { env: [{ name: 'JAVA_TOOL_OPTIONS', value: jdwp }] } }, /JAVA_TOOL_OPTIONS/],
    ['a debugger in the arguments', run('--driver-java-options', jdwp, jar), /spark.driver.extraJavaOptions/],
    [
      'an old debugger in the SparkApplication',
      { sparkConf: { 'spark.driver.defaultJavaOptions': '-Xdebug -Xrunjdwp:server=y' } },
      /spark.driver.defaultJavaOptions/,
    ],
  ]
  for (const [name, shape, reason] of observed) {
    for (const assumed of [false, true]) {
      test(`a driver with ${name}${assumed ? ', for which a person vouches' : ''} → only observed`, () => {
        const { kind, observedBecause } = identify({ ...shape, assumed })
        assert.equal(kind, 'proven')
        assert.match(observedBecause ?? '', reason)
      })
    }
  }

  test('arguments and the SparkApplication set the UI → the arguments count', () => {
    const sparkConf = { 'spark.ui.enabled': 'false', 'spark.ui.port': '0' }
    const args = ['--conf', 'spark.ui.enabled=true', '--conf', 'spark.ui.port=4050', jar]
    assert.equal(identify({ ...run(...args), sparkConf }).hasUi, true)
  })

  test('a debugger or a UI after the primary resource → the application’s own arguments', () => {
    const { observedBecause } = identify(run(jar, '--driver-java-options', jdwp, '--conf', 'spark.ui.enabled=false'))
    assert.equal(observedBecause, null)
  })

  for (const [name, shape, expected] of [
    ['a label', {}, 'spark-1'],
    ['an argument and a label', run('--conf', 'spark.app.id=mine', jar), 'mine'],
    [
      'a variable of the pod',
      { container: { args: ['driver', '--conf', 'spark.app.id=$(ID)', jar], env: [{ name: 'ID', value: 'mine' }] } },
      'mine',
    ],
    [
      'variables as the kubelet expands them',
      {
        container: {
          args: ['driver', '--conf', 'spark.app.id=$(ID)-$$(ID)-$-$', jar],
          env: [
            { name: 'ID', value: 'first' },
            { name: 'ID', value: 'mine' },
          ],
        },
      },
      null,
    ],
    [
      'dollars that are no reference',
      {
        container: { args: ['driver', '--conf', 'spark.app.id=$(ID)$a$$$', jar], env: [{ name: 'ID', value: 'mine' }] },
      },
      'mine$a$$',
    ],
    ['a variable that only the kubelet knows', run('--conf', 'spark.app.id=$(ID)', jar), null],
    ['an environment', { labels: {}, container: { env: [{ name: 'SPARK_APPLICATION_ID', value: 'e' }] } }, 'e'],
  ] as const) {
    test(`an id from ${name} → ${expected}`, () => assert.equal(identify(shape).applicationId, expected))
  }

  test('a driver of spark-submit → has a Service of its own; a driver with a host of its own → has not', () => {
    const args = ['--properties-file', '/opt/spark/conf/spark.properties', '--class', 'A', jar]
    const volumes = ['spark-conf-volume-driver']
    assert.equal(identify({ ...run(...args), volumes }).hasOwnService, true)
    assert.equal(identify({ ...run('--conf', 'spark.driver.host=x', ...args), volumes }).hasOwnService, false)
    assert.equal(identify({ ...run(...args) }).hasOwnService, false)
  })
})
