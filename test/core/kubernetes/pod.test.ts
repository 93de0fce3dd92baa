import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  type Container,
  findApplicationId,
  findDriverContainerIndex,
  isDriverPod,
  type Pod,
} from '../../../core/kubernetes/pod.ts'

const captured = (name: string): Pod => {
  const review: { readonly request: { readonly object: Pod } } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../data/admission', name), 'utf8'),
  )
  return review.request.object
}

describe('pods', () => {
  test('captured driver pods → drivers, with application id and container', () => {
    for (const name of ['driver-pod.spark-submit.json', 'driver-pod.spark-operator.json']) {
      const pod = captured(name)
      assert.ok(isDriverPod(pod))
      assert.match(findApplicationId(pod) ?? '', /^spark-[0-9a-f]{32}$/)
      assert.equal(pod.spec.containers[findDriverContainerIndex(pod.spec) ?? -1]?.name, 'spark-kubernetes-driver')
    }
  })

  test('a captured executor → not a driver', () => assert.ok(!isDriverPod(captured('executor-pod.json'))))

  const rows: readonly (readonly [string, readonly Container[], number | undefined])[] = [
    ['by name', [{ name: 'log' }, { name: 'spark-kubernetes-driver' }], 1],
    ['by name before by arguments', [{ name: 'a', args: ['driver'] }, { name: 'spark-kubernetes-driver' }], 1],
    ['by the first argument', [{ name: 'log' }, { name: 'mine', args: ['driver', '--class'] }], 1],
    ['by the bind address', [{ name: 'log' }, { name: 'mine', env: [{ name: 'SPARK_DRIVER_BIND_ADDRESS' }] }], 1],
    ['the only one', [{ name: 'mine' }], 0],
    ['none of two', [{ name: 'a' }, { name: 'b', args: ['executor'] }], undefined],
  ]
  for (const [what, containers, expected] of rows) {
    test(`${what} → the driver's container`, () => assert.equal(findDriverContainerIndex({ containers }), expected))
  }
})
