import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { line, renderLine } from '../../../cli/io/line.ts'
import { createOutput } from '../../../cli/io/output.ts'
import { createProgress } from '../../../cli/terminal/progress.ts'
import { createStyle } from '../../../cli/terminal/style.ts'

const terminal = { stdout: true, stderr: true }
const pipe = { stdout: false, stderr: false }

describe('terminal', () => {
  test('style → colors only on a terminal, unless disabled', () => {
    const red = (env: Record<string, string>, isTerminal = terminal, color = true) =>
      renderLine(createStyle({ env, isTerminal }, color).red('x')) !== 'x'
    assert.equal(red({}), true)
    assert.equal(red({ NO_COLOR: '' }), true)
    assert.equal(red({ NO_COLOR: '1' }), false)
    assert.equal(red({ TERM: 'dumb' }), false)
    assert.equal(red({}, terminal, false), false)
    assert.equal(red({}, pipe), false)
    assert.equal(
      stripVTControlCharacters(renderLine(createStyle({ env: {}, isTerminal: terminal }, true).red('x'))),
      'x',
    )
  })

  test('styled text → its own escape sequences and line breaks are escaped, the colors stay', () => {
    const { red } = createStyle({ env: {}, isTerminal: terminal }, true)
    const text = renderLine(line`a ${red('\u001b[31mb\n')} ${'\u202ec'}`)
    assert.equal(text, 'a \u001b[31m\\u001b[31mb\\n\u001b[39m \\u202ec')
  })

  test('progress → one line that is cleared, and nothing in a pipe', () => {
    const written = (isTerminal: typeof terminal) => {
      let text = ''
      const write = (piece: string) => {
        text += piece
      }
      const { showStatus } = createOutput({ stdout: write, stderr: write })
      const progress = createProgress({ env: {}, isTerminal, showStatus })
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
