import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { nextSteps } from '../../../cli/commands/recover/apply/next-steps.ts'
import { staticRules } from '../../../cli/commands/rule-catalogue.ts'
import { planRemedy, type RemedyContext, type RemedySpec } from '../../../cli/findings/remedies.ts'
import { catalogue } from '../../../cli/rules/catalogue.ts'
import { command, fillCommand, joinWords, parseCommand } from '../../../core/shell-command.ts'
import { application, exited, planCase, pod } from '../commands/recover/driver-case.ts'
import { intruder, runCommands, shells } from './run-commands.ts'

const root = join(import.meta.dirname, '../../..')

/** Pieces of words that mean something to a shell, to a terminal or to kubectl. */
const pieces = [
  ...["'", '"', '`', '$(', ')', '${', '}', ';', '|', '||', '&', '&&', '\n', '\r', '\t', ' ', '\\', '\\\n'],
  ...['-', '--', '#', '>', '>>x', '<', '<<x', '*', '?', '[', ']', '~', '!', '=', '%', '(', '{', '$', '$x'],
  ...['\u001b', '\u0007', '\u0000', '\u007f', '\u009b', '\u202e', '\u200b', '\u2028', '\u{e0001}', 'é', '😀', '\ud800'],
  ...[intruder, intruder, ` ${intruder} `, 'a', 'x27', 'db.example'],
]
const hostileWord = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 10 }).map((parts) => parts.join(''))
const handmade = [
  `x; ${intruder} #`,
  `x'; ${intruder}; '`,
  `x"; ${intruder}; "`,
  `$(${intruder})`,
  `\`${intruder}\``,
  `x\n${intruder}\n`,
  `x\r\n${intruder}`,
  `\u001b'; ${intruder}; '`,
  `x\\'; ${intruder} #`,
  `x > ${intruder}`,
  `x | ${intruder}`,
  `--kubeconfig=/tmp/x`,
]

const allSpecs: readonly RemedySpec[] = [...catalogue, ...staticRules].flatMap(({ remedies }) => remedies)
const specs = [...new Map(allSpecs.map((spec) => [JSON.stringify({ ...spec, title: '' }), spec])).values()]
const placeholders = new Set(
  specs.flatMap((spec) => ('commands' in spec ? spec.commands : []).flatMap(({ names }) => names)),
)
const names = [...placeholders, 'namespace', 'application', 'key', 'value']

/** The commands of all remedies of all rules, for each operator, with `word` as every fact. */
function listCommands(word: string): readonly string[] {
  // A command about a host that is no name is left out; the test below covers that.
  const values = { ...Object.fromEntries(names.map((name) => [name, word])), host: 'db.example' }
  const contexts = (['none', 'kubeflow', 'apache'] as const).map(
    (operator): RemedyContext => ({ values, operator, memory: { driverMemory: word, driverMemoryOverhead: null } }),
  )
  return contexts.flatMap((context) =>
    specs
      // Only the commands that change a setting depend on the operator.
      .filter((spec) => context.operator === 'none' || !('commands' in spec))
      .flatMap((spec) => planRemedy(spec, context).commands),
  )
}

/** The commands of `recover` for an application whose every name is `word`. */
function listRecoverCommands(word: string): readonly string[] {
  const metadata = { name: word, namespace: word }
  const podMetadata = { metadata: { ...metadata, finalizers: [word] }, spec: { nodeName: word } }
  const evicted = pod(exited(137), 'Failed', { ...podMetadata, status: { reason: 'Evicted', message: 'x' } })
  const quarantine = { 'spark-nanny.io/actions': JSON.stringify({ quarantined: '2026-11-24T11:00:00Z' }) }
  const plans = [
    planCase({ application: application({ metadata }), pod: pod(exited(137, 'OOMKilled'), 'Failed', podMetadata) }),
    planCase({ application: application({ metadata }), pod: evicted, request: { causeFixed: true } }),
    planCase({ application: application({ metadata, spec: { suspend: true } }) }),
    planCase({ application: application({ metadata: { ...metadata, annotations: quarantine } }) }),
    planCase({
      application: null,
      pod: evicted,
      request: { causeFixed: true },
      documents: { conf: { data: { 'spark.properties': `spark.app.name=${JSON.stringify(word)}\nspark.x=${word}` } } },
    }),
  ]
  const steps = (['no-pod', 'old-pod', 'pending', 'running', 'response-unknown', 'failed'] as const).flatMap((kind) =>
    nextSteps(kind, word, word, word),
  )
  const lines = plans.flatMap((plan) => {
    if (plan.kind === 'print-only') return [...plan.commands, ...plan.byHand]
    if (plan.kind === 'refuse') return plan.instead
    return plan.kind === 'apply' ? [...plan.byHand, plan.undo.slice(plan.undo.indexOf('kubectl'))] : []
  })
  return [...lines, ...steps].filter((line) => /^(kubectl|spark-submit|spark-nanny) /.test(line))
}

const benign = { calls: runCommands(shells[0] ?? '/bin/sh', listCommands('harmless')).calls }

function assertNoIntrusion(word: string): void {
  const commands = listCommands(word)
  for (const shell of shells) {
    const { calls, files } = runCommands(shell, commands)
    assert.deepEqual(calls, benign.calls, `${shell}: ${JSON.stringify(word)}`)
    assert.deepEqual(files, [])
  }
}

describe('commands of all remedies', () => {
  test('a harmless word in every fact → each placeholder is filled in', () => {
    assert.ok(benign.calls.length > 80, `${benign.calls.length} programs ran`)
    assert.ok(!benign.calls.some((call) => call.startsWith(intruder)))
    assert.ok(listCommands('harmless').some((line) => line.includes('harmless')))
  })

  for (const word of handmade) {
    test(`${JSON.stringify(word)} in every fact → no other program runs, and no word is added`, () =>
      assertNoIntrusion(word))
  }

  test('a hostile word as the host that a log names → no command about it', () => {
    const look = specs.find(
      (spec) => 'commands' in spec && spec.commands.some(({ names: used }) => used.includes('host')),
    )
    assert.ok(look !== undefined)
    const memory = { driverMemory: null, driverMemoryOverhead: null }
    const plan = (host: string) => planRemedy(look, { values: { host }, operator: 'none', memory }).commands
    assert.equal(plan('db.example').length, 1)
    fc.assert(
      fc.property(fc.oneof(hostileWord, fc.constantFrom(...handmade)), (word) => {
        if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(word)) assert.deepEqual(plan(word), [])
      }),
    )
  })

  test('arbitrary hostile words in every fact → no other program runs, and no word is added', () => {
    fc.assert(fc.property(hostileWord, assertNoIntrusion), { numRuns: 8 })
  })
})

describe('commands of recover', () => {
  for (const word of handmade) {
    test(`${JSON.stringify(word)} as every name → no other program runs`, () => {
      const commands = listRecoverCommands(word)
      assert.ok(commands.length >= 8, `${commands.length} commands`)
      for (const shell of shells) {
        const { calls, files } = runCommands(shell, commands)
        assert.equal(calls.length, commands.length, `${shell}: ${calls.join()}`)
        assert.ok(!calls.some((call) => call.startsWith(intruder)))
        assert.deepEqual(files, [])
      }
    })
  }
})

describe('joinWords', () => {
  const bash = shells.find((shell) => shell.endsWith('bash'))
  test('arbitrary words → bash reads the same words', {
    skip: bash === undefined ? 'bash is not installed' : false,
  }, () => {
    // A NUL cannot be in an argument, and half a surrogate pair cannot be in UTF-8.
    const words = fc.array(
      hostileWord.map((word) => word.replace(/\0|\p{Cs}/gu, '')),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(words, (given) => {
        const script = `printf '%s\\0' ${joinWords(given)}`
        const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' }
        const read = execFileSync(bash ?? 'bash', ['-c', script], { encoding: 'utf8', env })
        assert.deepEqual(read.split('\0').slice(0, -1), given)
      }),
      { numRuns: 60 },
    )
  })
})

describe('fillCommand', () => {
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['kubectl get pod {pod}', { pod: 'nightly-1' }, 'kubectl get pod nightly-1'],
    ['kubectl get pod {pod}', {}, 'kubectl get pod POD'],
    ['kubectl get pod {pod}', { pod: '--all' }, 'kubectl get pod POD'],
    ['kubectl get pod {pod}', { pod: 'a b' }, 'kubectl get pod POD'],
    ['x --image={image} -- y', { image: 'r.example/a@sha256:00' }, 'x --image=r.example/a@sha256:00 -- y'],
    ['x --image={image} -- y', { image: "it's; y" }, "x --image='it'\\''s; y' -- y"],
    ['getent hosts {host}', { host: 'db.example' }, 'getent hosts db.example'],
    ['getent hosts {host}', { host: 'db; y' }, 'getent hosts HOST'],
    ['getent hosts {host}', { host: '-x' }, 'getent hosts HOST'],
    ['x {serviceAccount}', {}, 'x SERVICE_ACCOUNT'],
  ]
  for (const [template, values, expected] of rows) {
    test(`${template} with ${JSON.stringify(values)} → ${expected}`, () =>
      assert.equal(fillCommand(parseCommand(template), values), expected))
  }

  for (const template of ["sh -c 'x {pod}'", 'grep "{pod}"', 'x {namespace} "a {pod}"']) {
    test(`a placeholder inside quotes: ${template} → an error`, () =>
      assert.throws(() => parseCommand(template), /inside quotes/))
  }
})

test('a word of JSON with a quote → one word', () => {
  assert.equal(command`x -p ${JSON.stringify({ a: "it's" })}`, `x -p '{"a":"it'\\''s"}'`)
})

describe('source code', () => {
  const program = '(kubectl [a-z-]|spark-submit -|spark-nanny (check|diagnose|inject|preflight|recover|validate) )'
  /** A template with a command and an insertion. `\\w` before it would be the tag. */
  const untagged = new RegExp(`(^|[^\\w])\`[^\`]*${program}[^\`]*\\$\\{`)

  test('each template with a command and an insertion → is tagged', () => {
    const files = globSync('{admission,certs,cli,cluster,core,kubernetes,sidecar,spark-ui,webhook}/**/*.ts', {
      cwd: root,
    })
    assert.ok(files.length > 300)
    const template = `\`kubectl get $\{pod}\``
    assert.match(`x(${template})`, untagged)
    assert.doesNotMatch(`x(command${template})`, untagged)
    const offenders = files.flatMap((file) => {
      const lines = readFileSync(join(root, file), 'utf8').split('\n')
      return lines.filter((line) => untagged.test(line)).map((line) => `${file}: ${line.trim()}`)
    })
    assert.deepEqual(offenders, [])
  })
})
