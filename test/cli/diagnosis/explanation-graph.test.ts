import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buildExplanationGraph, findRoot, orderRoots } from '../../../cli/diagnosis/explanation-graph.ts'

/** `a>b` means that finding a explains finding b. */
const explainsBy = (pairs: string) => (one: string, other: string) => pairs.split(' ').includes(`${one}>${other}`)

describe('explanation graph', () => {
  const graphs: readonly (readonly [
    condition: string,
    pairs: string,
    graph: readonly (readonly [string, string])[],
  ])[] = [
    ['no finding explains another', '', []],
    ['one finding explains another', 'a>b', [['b', 'a']]],
    ['two findings explain a third', 'a>c b>c', [['c', 'a']]],
    ['two findings explain each other', 'a>b b>a', []],
    [
      'a chain',
      'a>b b>c',
      [
        ['b', 'a'],
        ['c', 'b'],
      ],
    ],
    ['a finding explains itself', 'a>a', []],
  ]
  for (const [condition, pairs, graph] of graphs) {
    test(`${condition} → ${graph.map(([symptom, root]) => `${root} explains ${symptom}`).join(', ') || 'no explanation'}`, () => {
      assert.deepEqual([...buildExplanationGraph(['a', 'b', 'c'], explainsBy(pairs))], graph)
    })
  }

  const roots: readonly (readonly [condition: string, pairs: string, found: string, root: string])[] = [
    ['nothing explains the finding', '', 'a', 'a'],
    ['a chain of explanations', 'a>b b>c', 'c', 'a'],
    ['a cycle of three', 'a>b b>c c>a', 'b', 'b'],
  ]
  for (const [condition, pairs, found, root] of roots) {
    test(`${condition} → the root of ${found} is ${root}`, () => {
      const graph = buildExplanationGraph(['a', 'b', 'c'], explainsBy(pairs))
      assert.equal(findRoot(graph, found), root)
    })
  }

  const orders: readonly (readonly [condition: string, pairs: string, explainsEnd: string, order: string])[] = [
    ['no root explains the end', '', '', 'a b c'],
    ['a later root explains the end', '', 'b', 'b a c'],
    ['two roots explain the end', '', 'c b', 'b c a'],
    ['a symptom is not a root', 'a>b', 'c', 'c a'],
  ]
  for (const [condition, pairs, explainsEnd, order] of orders) {
    test(`${condition} → the order is ${order}`, () => {
      const ranked = ['a', 'b', 'c']
      const graph = buildExplanationGraph(ranked, explainsBy(pairs))
      assert.equal(orderRoots(ranked, graph, new Set(explainsEnd.split(' '))).join(' '), order)
    })
  }
})
