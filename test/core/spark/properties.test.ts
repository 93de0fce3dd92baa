import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseProperties } from '../../../core/spark/properties.ts'

const rows: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
  [
    'as Spark writes it',
    '#Java properties built from Kubernetes config map with name: x\n#Sun Nov 22\nspark.ui.port=4041\n',
    [['spark.ui.port', '4041']],
  ],
  [
    'escaped separators',
    'spark.jars=local\\:///opt/a.jar\nspark.x=a\\=b',
    [
      ['spark.jars', 'local:///opt/a.jar'],
      ['spark.x', 'a=b'],
    ],
  ],
  [
    'colon and blank as separators',
    'a:1\nb 2\nc = 3\n d\t=\t4',
    [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d', '4'],
    ],
  ],
  ['escaped blanks in a key', 'a\\ b=1', [['a b', '1']]],
  [
    'a line that goes on',
    'a=1,\\\n   2,\\\n   3\nb=4',
    [
      ['a', '1,2,3'],
      ['b', '4'],
    ],
  ],
  [
    'a backslash before the line end',
    'a=1\\\\\nb=2',
    [
      ['a', '1\\'],
      ['b', '2'],
    ],
  ],
  ['escapes', 'a=\\t\\n\\u00e9', [['a', '\t\né']]],
  [
    'CRLF',
    'a=1\r\nb=2\r\n',
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  ['comments and empty lines', '! one\n# two\n\n  # three\na=1', [['a', '1']]],
  [
    'an empty value',
    'a=\nb',
    [
      ['a', ''],
      ['b', ''],
    ],
  ],
  ['a key set twice', 'a=1\na=2', [['a', '2']]],
  ['an empty text', '', []],
]

const long = 60_000
const slowOnce: readonly (readonly [string, string])[] = [
  ['a key, many blanks and U+2028', `a${' '.repeat(long)}\u2028`],
  ['a key, many blanks, a separator and U+2029', `a${' '.repeat(long)}=${' '.repeat(long)}\u2029`],
  ['many blanks', ' '.repeat(long)],
  ['many backslashes', `a=${'\\'.repeat(long)}`],
  ['many lines that go on', 'a\\\n'.repeat(long)],
  ['many carriage returns', '\r'.repeat(long)],
  ['many escapes', `a=${'\\u00'.repeat(long)}`],
]

describe('parseProperties', () => {
  for (const [name, text, expected] of rows) {
    test(`${name} → ${JSON.stringify(expected)}`, () => assert.deepEqual([...parseProperties(text)], expected))
  }

  for (const [name, text] of slowOnce) {
    test(`${name} → twice as much takes no more than six times as long`, () => {
      const measure = (repeated: string) => {
        const before = process.cpuUsage()
        parseProperties(repeated)
        return process.cpuUsage(before).user
      }
      const half = text.slice(0, text.length / 2)
      // The fastest of three, plus a constant for tiny times. Quadratic time would be seconds.
      const least = (repeated: string) => Math.min(...[1, 2, 3].map(() => measure(repeated)))
      assert.ok(least(text) <= 6 * least(half) + 50_000)
    })
  }

  test('a value with U+2028 → it is part of the value, as in Java', () =>
    assert.deepEqual(
      [...parseProperties('a=1\u20282\nb=\\\u2028')],
      [
        ['a', '1\u20282'],
        ['b', '\u2028'],
      ],
    ))

  /** As Properties.store escapes. */
  const escaped = (text: string, key: boolean) =>
    text
      .replace(/[\\=:#!]/g, '\\$&')
      .replace(/\n/g, '\\n')
      .replace(/\t/g, '\\t')
      .replace(key ? / /g : /^ /, '\\ ')

  test('the output of Properties.store → the same entries', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abz.09=:#! \\\n\t'), minLength: 1 })
    fc.assert(
      fc.property(fc.dictionary(word, word), (entries) => {
        const text = Object.entries(entries).map(([key, value]) => `${escaped(key, true)}=${escaped(value, false)}\n`)
        assert.deepEqual(Object.fromEntries(parseProperties(text.join(''))), { ...entries })
      }),
    )
  })

  test('any text → no exception', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseProperties(text)))
  })
})
