import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseScript } from '../../../cli/spark-conf/shell-script.ts'

/** A script and the words of its commands, with § for $. A word with an unknown part ends with `?`. */
const cases: readonly (readonly [script: string, commands: readonly (readonly string[])[]])[] = [
  ['a b\nc', [['a', 'b'], ['c']]],
  ['a \\\n  b # c\n', [['a', 'b']]],
  [`a 'b c' "d e" f\\ g`, [['a', 'b c', 'd e', 'f g']]],
  ['a; b && c || d | e &', [['a'], ['b'], ['c'], ['d'], ['e']]],
  ['a > /dev/null 2>&1 b', [['a', 'b']]],
  ['a <<EOF\nx y\nEOF\nb', [['a'], ['b']]],
  ['X=1 a $X', [['a', '1']]],
  ['export X=1\na "§{X}b"', [['export'], ['a', '1b']]],
  ['X="b c"\na $X "$X"', [['a', 'b', 'c', 'b c']]],
  ['X=(b "c d")\na "§{X[@]}"', [['a', 'b', 'c d']]],
  ['X=b; X+=" c"\na $X', [['a', 'b', 'c']]],
  ['a §{X:-b} §{X}', [['a', 'b', '§{X}?']]],
  ['X=1\nX=2\na $X', [['a', '§{X}?']]],
  ['a $1 "$@" $(date +%s) `date`', [['a', '§{1}?', '$@?', '§{…}?', '§{…}?']]],
  ['if x; then a; fi', [['if', 'x'], ['then', 'a'], ['fi']]],
]

describe('parseScript', () => {
  for (const [script, commands] of cases) {
    test(`${JSON.stringify(script)} → ${JSON.stringify(commands)}`, () => {
      const found = parseScript(script.replaceAll('§', '$')).map((words) =>
        words.map(({ text, isKnown }) => `${text.replaceAll(/\$(?=\{)/g, '§')}${isKnown ? '' : '?'}`),
      )
      assert.deepEqual(found, commands)
    })
  }

  test('any text → no exception, and each line number is in the text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('$', '"', "'", '`', '$(', '{', '<<E', '\n', '\\', 'X=(', ')', '#', 'X+=$X$X '),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('')
        const lines = text.split('\n').length
        for (const word of parseScript(text).flat()) assert.ok(word.line >= 1 && word.line <= lines)
      }),
    )
  })
})
