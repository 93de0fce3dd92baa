import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseSubmitArguments } from '../../../core/spark/submit-arguments.ts'

const jar = 'local:///app.jar'

describe('parseSubmitArguments', () => {
  const conf = (...args: readonly string[]) => Object.fromEntries(parseSubmitArguments(args).conf)
  for (const [name, args, expected] of [
    ['two arguments', ['--conf', 'a=1', jar], { a: '1' }],
    ['one argument', ['--conf=a=1', jar], { a: '1' }],
    ['the short option', ['-c', 'a=1', jar], { a: '1' }],
    ['a value with =', ['--conf', 'a=-Dx=y', jar], { a: '-Dx=y' }],
    ['a key twice', ['--conf', 'a=1', '--conf', 'a=2', jar], { a: '2' }],
    ['no value', ['--conf'], {}],
    ['no =', ['--conf', 'a', jar], {}],
    ['an option as the value of another', ['--name', '--conf', 'a=1'], {}],
    ['the application’s own', ['--class', 'A', jar, '--conf', 'a=1'], {}],
    ['after a switch', ['--verbose', '--conf', 'a=1', jar], { a: '1' }],
    ['after an unknown option', ['--new-option', '--conf', 'a=1'], {}],
    [
      'Java options by their own option',
      ['--driver-java-options', '-Da', '--conf', 'spark.driver.extraJavaOptions=-Db'],
      { 'spark.driver.extraJavaOptions': '-Da' },
    ],
  ] as const) {
    test(`${name} → its properties`, () => assert.deepEqual(conf(...args), expected))
  }

  test('all parts → their values', () => {
    const args = [
      '--deploy-mode=client',
      '--properties-file',
      '/conf/x',
      '--load-spark-defaults',
      '--class',
      'A',
      jar,
      'x',
    ]
    const { deployMode, propertiesFile, loadsDefaults, mainClass, primaryResource, runsApplication } =
      parseSubmitArguments(args)
    assert.deepEqual(
      [deployMode, propertiesFile, loadsDefaults, mainClass, primaryResource, runsApplication],
      ['client', '/conf/x', true, 'A', jar, true],
    )
  })

  test('an action other than to submit → runs no application', () => {
    for (const args of [['--version'], ['--kill', 'ns:driver'], ['--status=ns:driver'], ['-h']]) {
      assert.equal(parseSubmitArguments(args).runsApplication, false)
    }
  })

  test('any arguments after the primary resource → change nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('--conf', '--class', 'a=1', '-c'))), (rest) => {
        const args = ['--conf', 'a=0', '--class', 'A', jar]
        assert.deepEqual(parseSubmitArguments([...args, ...rest]), parseSubmitArguments(args))
      }),
    )
  })
})
