import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { createProgress } from '../../../cli/terminal/progress.ts'
import { createStyle } from '../../../cli/terminal/style.ts'

const terminal = { stdout: true, stderr: true }
const pipe = { stdout: false, stderr: false }

describe('terminal', () => {
  test('style → colors only on a terminal, unless disabled', () => {
    const red = (env: Record<string, string>, isTerminal = terminal, color = true) =>
      createStyle({ env, isTerminal }, color).red('x') !== 'x'
    assert.equal(red({}), true)
    assert.equal(red({ NO_COLOR: '' }), true)
    assert.equal(red({ NO_COLOR: '1' }), false)
    assert.equal(red({ TERM: 'dumb' }), false)
    assert.equal(red({}, terminal, false), false)
    assert.equal(red({}, pipe), false)
    assert.equal(stripVTControlCharacters(createStyle({ env: {}, isTerminal: terminal }, true).red('x')), 'x')
  })

  test('progress → one line that is cleared, and nothing in a pipe', () => {
    const written = (isTerminal: typeof terminal) => {
      let text = ''
      const stderr = (piece: string) => {
        text += piece
      }
      const progress = createProgress({ env: {}, isTerminal, stderr })
      progress.show('first')
      progress.show('second '.repeat(40))
      progress.clear()
      progress.clear()
      return text
    }
    assert.equal(written(pipe), '')
    const [, first, second, after, ...rest] = written(terminal).split('\r\u001b[2K')
    assert.deepEqual([first, after, rest], ['first', '', []])
    assert.equal(second?.length, 79)
    assert.doesNotMatch(written(terminal), /\n/)
  })
})
