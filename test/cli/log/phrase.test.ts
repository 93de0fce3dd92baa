import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fillTemplate, matchPhrase, parsePhrase } from '../../../cli/log/phrase.ts'

const table: readonly { phrase: string; text: string; captures: Record<string, string> | undefined }[] = [
  { phrase: 'heap space', text: 'x: Java heap space', captures: {} },
  { phrase: '^heap', text: 'Java heap', captures: undefined },
  { phrase: '^Java heap', text: 'Java heap space', captures: {} },
  { phrase: 'class {class}', text: 'Error: no class com.example.Missing.', captures: { class: 'com.example.Missing' } },
  {
    phrase: 'User "{user}" cannot {verb} resource',
    text: 'User "a b" cannot get resource "pods"',
    captures: { user: 'a b', verb: 'get' },
  },
  {
    phrase: '^{key} should be {type}, but',
    text: 'spark.x should be int, but was two',
    captures: { key: 'spark.x', type: 'int' },
  },
  { phrase: 'a…b', text: 'b a', captures: undefined },
  { phrase: 'a…b', text: 'b a x b', captures: {} },
  { phrase: 'ab{x}ab', text: 'abab', captures: { x: '' } },
  { phrase: 'The token {+why}', text: 'a: The token has expired.', captures: { why: 'The token has expired' } },
  { phrase: 'for {+user} at {+host}', text: 'for a at b', captures: { user: 'for a', host: 'at b' } },
  { phrase: 'x {n}', text: 'y', captures: undefined },
]
const describeCaptures = (captures: Record<string, string> | undefined) =>
  captures === undefined ? 'no match' : `captures ${JSON.stringify(captures)}`

describe('phrases', () => {
  for (const { phrase, text, captures } of table) {
    test(`phrase "${phrase}" in "${text}" → ${describeCaptures(captures)}`, () =>
      assert.deepEqual(matchPhrase(parsePhrase(phrase), text), captures))
  }

  test('a phrase without literal text → throws', () => {
    for (const text of ['', '^', '…', '{x}']) assert.throws(() => parsePhrase(text), /without text/)
  })

  test('a text built from a phrase → the phrase captures the inserted values', () => {
    const literal = fc.stringMatching(/^[A-Z]{1,5}$/)
    const between = fc.stringMatching(/^[a-z ]{0,8}$/)
    fc.assert(
      fc.property(literal, between, literal, between, (head, first, tail, after) => {
        const captures = matchPhrase(parsePhrase(`${head}{first}${tail}{after}`), `${head}${first}${tail}${after}`)
        assert.deepEqual(captures, { first: first.trim(), after: after.trim() })
      }),
    )
  })

  test('a template with an unknown name → no text', () => {
    assert.equal(fillTemplate('class {class}', { class: 'A' }), 'class A')
    assert.equal(fillTemplate('class {class} of {jar}', { class: 'A' }), undefined)
  })
})
