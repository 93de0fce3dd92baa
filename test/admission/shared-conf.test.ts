import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findSharedConf } from '../../admission/sidecar-container.ts'
import type { Container, Pod } from '../../core/kubernetes/pod.ts'
import { parseSubmitArguments } from '../../core/spark/submit-arguments.ts'

const confVolume = 'spark-conf-volume-driver'
const mounts = [
  { name: confVolume, mountPath: '/opt/spark/conf' },
  { name: 'team', mountPath: '/etc/spark/conf/' },
]
const properties = '/opt/spark/conf/spark.properties'

const share = (args: readonly string[] | null, env: Container['env'] = [], volumeMounts = mounts) => {
  const driver: Container = { name: 'd', env, volumeMounts }
  const pod: Pod = { spec: { containers: [driver], volumes: [{ name: confVolume }, { name: 'team' }] } }
  const { mount, files } = findSharedConf(pod, driver, args === null ? null : parseSubmitArguments(args))
  return [mount?.name, ...files]
}
const ofTeam = [{ name: 'SPARK_CONF_DIR', value: '/etc/spark/conf' }]

describe('findSharedConf', () => {
  for (const [name, args, env, expected] of [
    ['Spark’s own file', ['--properties-file', properties], [], [confVolume, 'spark.properties']],
    [
      'Spark’s own file and a SPARK_CONF_DIR of the team’s',
      ['--properties-file', properties],
      ofTeam,
      [confVolume, 'spark.properties'],
    ],
    ['a file of the team’s', ['--properties-file=/etc/spark/conf/a.conf'], [], ['team', 'a.conf']],
    ['a file that no volume holds', ['--properties-file', '/app/a.conf'], [], [undefined]],
    ['a file in the working directory', ['--properties-file', 'a.conf'], [], [undefined]],
    ['a file with an odd name', ['--properties-file', '/etc/spark/conf/a b'], [], [undefined]],
    ['no file', [], [], [confVolume, 'spark-defaults.conf']],
    ['no file and a SPARK_CONF_DIR', [], ofTeam, ['team', 'spark-defaults.conf']],
    [
      'a file and --load-spark-defaults',
      ['--load-spark-defaults', '--properties-file', properties],
      [],
      [confVolume, 'spark.properties', 'spark-defaults.conf'],
    ],
    [
      'a file and --load-spark-defaults of another folder',
      ['--load-spark-defaults', '--properties-file', properties],
      ofTeam,
      [confVolume, 'spark.properties'],
    ],
    ['a command that is not known', null, [], [confVolume, 'spark.properties']],
    [
      'the application’s own option',
      ['app.jar', '--properties-file', '/etc/spark/conf/a'],
      [],
      [confVolume, 'spark-defaults.conf'],
    ],
  ] as const) {
    test(`${name} → what the driver reads`, () => assert.deepEqual(share(args, env), expected))
  }

  test('a volume that the driver does not mount → is shared from its usual folder only', () => {
    assert.deepEqual(share(['--properties-file', properties], [], []), [confVolume, 'spark.properties'])
    assert.deepEqual(share(['--properties-file', '/other/spark.properties'], [], []), [undefined])
  })
})
