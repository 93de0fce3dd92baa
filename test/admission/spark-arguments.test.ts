import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planDriverArguments } from '../../admission/spark-arguments.ts'

const wait = ['--conf', 'spark.kubernetes.allocation.driver.readinessTimeout=30s']
const rename = ['--conf', 'spark.app.id=spark-1$(SPARK_NANNY_APPLICATION_ID_SUFFIX)']
const keep = ['--conf', 'spark.kubernetes.driver.service.deleteOnTermination=false']
const usual = { sparkConf: {}, readinessDelayed: true, restartableApplicationId: 'spark-1' }
const timeoutKey = 'spark.kubernetes.allocation.driver.readinessTimeout'

const rows: readonly [string, readonly string[] | undefined, Partial<typeof usual>, readonly string[]][] = [
  ['a driver', ['driver', '--class', 'A'], {}, [...wait, ...keep, ...rename]],
  ['another first argument', ['executor'], {}, []],
  ['no arguments', undefined, {}, []],
  ['readiness as it was', ['driver'], { readinessDelayed: false }, [...keep, ...rename]],
  ['a timeout in args', ['driver', '--conf', `${timeoutKey}=5s`], {}, [...keep, ...rename]],
  ['a timeout in one arg', ['driver', `--conf=${timeoutKey}=5s`], {}, [...keep, ...rename]],
  ['a timeout in the application', ['driver'], { sparkConf: { [timeoutKey]: '5s' } }, [...keep, ...rename]],
  ['a key that only begins alike', ['driver', '--conf', 'spark.app.idle=1'], {}, [...wait, ...keep, ...rename]],
  ['an id of its own', ['driver', '--conf', 'spark.app.id=mine'], {}, [...wait, ...keep]],
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
      const container = { name: 'd', ...(args !== undefined && { args }) }
      const { args: added, env } = planDriverArguments(container, { ...usual, ...changes })
      assert.deepEqual(added, expected)
      assert.equal(
        env.length,
        expected.includes(rename[1] ?? '') ? 1 : 0,
        'the variable is there when it is referred to',
      )
    })
  }

  test('no restart in place → no application id and no suffix variable', () => {
    const { args, env } = planDriverArguments(
      { name: 'd', args: ['driver'] },
      { ...usual, restartableApplicationId: null },
    )
    assert.deepEqual([args, env], [wait, []])
  })

  test('a variable of the same name in the pod → is left unchanged', () => {
    const env = [{ name: 'SPARK_NANNY_APPLICATION_ID_SUFFIX', value: 'x' }]
    assert.deepEqual(planDriverArguments({ name: 'd', args: ['driver'], env }, usual), {
      args: [...wait, ...keep],
      env: [],
    })
  })
})
