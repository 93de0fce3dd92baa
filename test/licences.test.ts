import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import lock from '../package-lock.json' with { type: 'json' }

interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly resolved?: string
  readonly integrity?: string
}

const packages: readonly (readonly [path: string, locked: LockedPackage])[] = Object.entries(lock.packages).filter(
  ([path]) => path !== '',
)

/** Permissive licences (SPDX). They allow to distribute bundles and images under Apache-2.0. */
const permissive = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Python-2.0',
  'Unlicense',
]

/** Tools that are never distributed may have these licences too. */
const permissiveForTools = ['CC-BY-3.0', 'WTFPL']

/** Packages whose metadata does not name the licence in the form of today, with the licence that was read in the package. */
const byHand: Readonly<Record<string, string>> = { 'node_modules/format': 'MIT' }

/** Whether one alternative of the SPDX expression is allowed. A conjunction needs all its parts. */
function isAllowed(expression: string, allowed: readonly string[]): boolean {
  const alternatives = expression.replace(/^\((.*)\)$/, '$1').split(' OR ')
  return alternatives.some((one) => one.split(' AND ').every((licence) => allowed.includes(licence)))
}

function findViolations(all: typeof packages): readonly string[] {
  return all.flatMap(([path, { license = byHand[path] ?? 'none', dev = false }]) =>
    isAllowed(license, dev ? [...permissive, ...permissiveForTools] : permissive) ? [] : [`${path}: ${license}`],
  )
}

describe('licences of the dependencies', () => {
  test('each package of package-lock.json → has an allowed licence', () => {
    assert.ok(packages.length > 100)
    assert.deepEqual(findViolations(packages), [])
  })

  for (const [license, dev, isFine] of [
    ['MIT', false, true],
    ['(BSD-3-Clause OR GPL-2.0)', false, true],
    ['MIT AND GPL-2.0', false, false],
    ['(MIT AND ISC)', false, true],
    ['GPL-3.0-only', false, false],
    ['AGPL-3.0', true, false],
    ['WTFPL', true, true],
    ['WTFPL', false, false],
    [undefined, false, false],
  ] as const) {
    test(`${license ?? 'no licence'}${dev ? ' of a tool' : ''} → ${isFine ? 'allowed' : 'rejected'}`, () => {
      const locked = { dev, ...(license !== undefined && { license }) }
      assert.equal(findViolations([['node_modules/x', locked]]).length, isFine ? 0 : 1)
    })
  }

  test('each package → is fixed by its hash', () => {
    assert.deepEqual(
      packages.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
      [],
    )
  })
})
