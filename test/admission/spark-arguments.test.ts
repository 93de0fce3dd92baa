import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ArgumentContext, planDriverArguments } from '../../admission/spark-arguments.ts'
import type { Container } from '../../core/kubernetes/pod.ts'
import { findDriverCommand } from '../../core/spark/driver-command.ts'

const wait = ['--conf', 'spark.kubernetes.allocation.driver.readinessTimeout=30s']
const rename = ['--conf', 'spark.app.id=spark-1$(SPARK_NANNY_APPLICATION_ID_SUFFIX)']
const keep = ['--conf', 'spark.kubernetes.driver.service.deleteOnTermination=false']
const usual: Omit<ArgumentContext, 'command'> = {
  sparkConf: {},
  readinessDelayed: true,
  restartableApplicationId: 'spark-1',
  servicesCounted: false,
}
const timeoutKey = 'spark.kubernetes.allocation.driver.readinessTimeout'

const plan = (container: Container, changes: Partial<typeof usual> = {}) =>
  planDriverArguments(container, { ...usual, ...changes, command: findDriverCommand(container) ?? null })
const all = [...wait, ...keep, ...rename]
const jar = 'local:///opt/spark/jars/job.jar'

const rows: readonly [string, readonly string[] | undefined, Partial<typeof usual>, readonly string[]][] = [
  ['a driver', ['driver', '--class', 'A'], {}, all],
  ['another first argument', ['executor'], {}, []],
  ['no arguments', undefined, {}, []],
  ['readiness as it was', ['driver'], { readinessDelayed: false }, [...keep, ...rename]],
  ['a timeout in args', ['driver', '--conf', `${timeoutKey}=5s`], {}, [...keep, ...rename]],
  ['a timeout in one arg', ['driver', `--conf=${timeoutKey}=5s`], {}, [...keep, ...rename]],
  ['a timeout in the application', ['driver'], { sparkConf: { [timeoutKey]: '5s' } }, [...keep, ...rename]],
  ['a key that only begins alike', ['driver', '--conf', 'spark.app.idle=1'], {}, all],
  ['an id of its own', ['driver', '--conf', 'spark.app.id=mine'], {}, [...wait, ...keep]],
  ['an id by the short option', ['driver', '-c', 'spark.app.id=mine'], {}, [...wait, ...keep]],
  ['an id of the application’s own', ['driver', '--class', 'A', jar, '--conf', 'spark.app.id=mine'], {}, all],
  ['an id as the value of another option', ['driver', '--name', 'spark.app.id=mine', jar], {}, all],
  ['an id after a switch', ['driver', '--verbose', '--conf', 'spark.app.id=mine', jar], {}, [...wait, ...keep]],
  [
    'a Service that shall go',
    ['driver', '--conf', 'spark.kubernetes.driver.service.deleteOnTermination=true'],
    {},
    [...wait, ...rename],
  ],
]
describe('planDriverArguments', () => {
  for (const [name, args, changes, expected] of rows) {
    test(`${name} → its arguments`, () => {
      const { args: added, env } = plan({ name: 'd', ...(args !== undefined && { args }) }, changes)
      assert.deepEqual(added, expected)
      assert.equal(
        env.length,
        expected.includes(rename[1] ?? '') ? 1 : 0,
        'the variable is there when it is referred to',
      )
    })
  }

  for (const [name, container, at] of [
    ['Spark’s entrypoint', { args: ['driver', jar] }, 1],
    ['the entrypoint in the command', { command: ['/opt/entrypoint.sh'], args: ['driver', jar] }, 1],
    [
      'the entrypoint as an argument',
      { command: ['tini', '-s', '--'], args: ['/opt/entrypoint.sh', 'driver', jar] },
      2,
    ],
    [
      'a shell before the entrypoint',
      { command: ['sh', '-c', 'exec /opt/entrypoint.sh "$@"', '-'], args: ['driver'] },
      1,
    ],
    ['spark-submit as the command', { command: ['/opt/spark/bin/spark-submit'], args: ['--class', 'A', jar] }, 0],
    ['spark-submit as an argument', { args: ['/opt/spark/bin/spark-submit', jar] }, 1],
  ] as const) {
    test(`${name} → the arguments are inserted where its options begin`, () => {
      assert.deepEqual(plan({ name: 'd', ...container }).args, all)
      assert.equal(plan({ name: 'd', ...container }).at, at)
    })
  }

  test('options in the command → nothing is inserted', () => {
    const container = { name: 'd', command: ['spark-submit', '--class'], args: ['A', jar] }
    assert.deepEqual(plan(container).args, [])
  })

  test('no restart in place → no application id and no suffix variable', () => {
    const { args, env } = plan({ name: 'd', args: ['driver'] }, { restartableApplicationId: null })
    assert.deepEqual([args, env], [wait, []])
  })

  test('a variable of the same name in the pod → is left unchanged', () => {
    const env = [{ name: 'SPARK_NANNY_APPLICATION_ID_SUFFIX', value: 'x' }]
    assert.deepEqual(plan({ name: 'd', args: ['driver'], env }), { at: 1, args: [...wait, ...keep], env: [] })
  })
})
