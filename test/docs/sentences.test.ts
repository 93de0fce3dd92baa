import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findLongSentences } from '../../docs/sentences.ts'

const find = (markdown: string) => findLongSentences(markdown, 3).map(({ line, words }) => [line, words])

describe('findLongSentences', () => {
  test('a sentence of at most the maximum → is not found', () =>
    assert.deepEqual(find('One two three. Four five six.'), []))

  test('a longer sentence → is found with its line and its words', () => {
    assert.deepEqual(findLongSentences('# Title\n\nShort one. This has four words.', 3), [
      { line: 3, words: 4, start: 'This has four words.' },
    ])
  })

  test('a sentence over several lines → is counted as one', () =>
    assert.deepEqual(find('One two\nthree four.'), [[2, 4]]))

  test('list items and table cells → are counted separately', () => {
    assert.deepEqual(find('- One two\n- three four\n\n| one two | three four |\n| one two three four | five |'), [
      [5, 4],
    ])
  })

  test('inline code and links → code is one word, a link is its text', () => {
    assert.deepEqual(find('Run `npm run lint prose` [here now](a b c).'), [[1, 4]])
    assert.deepEqual(find('Run `npm run lint prose` [here](a-long-path/to/it.md).'), [])
  })

  test('headings, code blocks and comments → are skipped', () => {
    assert.deepEqual(find('# One two three four\n\n```sh\none two three four\n```\n<!-- one two three four -->\n'), [])
  })
})
