import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { runCli } from '../../run-cli.ts'

const script = async (shell: string) => (await runCli(['completion', shell])).stdout
const bash = await script('bash')

/** Returns the completions that bash offers at the end of this line. */
function completionsOf(...words: readonly string[]): readonly string[] {
  const line = ['spark-nanny', ...words].map((word) => `'${word}'`).join(' ')
  const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _spark_nanny; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `${bash}\n${ask}`], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  return stdout.split('\n').filter((word) => word !== '')
}

describe('completion command', () => {
  test('bash → completes commands, flags and values', () => {
    assert.ok(completionsOf('').includes('check'))
    assert.deepEqual(completionsOf('ch'), ['check'])
    assert.ok(completionsOf('check', '--').includes('--kubeconfig'))
    assert.deepEqual(completionsOf('check', '--w'), ['--wait'])
    assert.deepEqual(completionsOf('check', '-o', ''), ['text', 'json'])
    assert.deepEqual(completionsOf('check', '--wait', ''), [])
    assert.deepEqual(completionsOf('completion', ''), ['bash', 'zsh', 'fish', '--help'])
    assert.deepEqual(completionsOf('inject', '-f', '/etc/host'), completionsOf('inject', '--filename', '/etc/host'))
    assert.ok(completionsOf('inject', '-f', '/etc/host').every((path) => path.startsWith('/etc/host')))
  })

  for (const shell of ['zsh', 'fish']) {
    test(`${shell} → script contains every command and flag`, async () => {
      const text = await script(shell)
      const { stdout: help } = await runCli(['check', '--help'])
      for (const [, flag = ''] of help.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)) assert.ok(text.includes(flag), flag)
      for (const command of ['check', 'inject', 'completion']) assert.ok(text.includes(command))
    })
  }

  test('unsupported shell → usage error', async () => {
    const { exitCode, stderr } = await runCli(['completion', 'tcsh'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /Allowed choices are bash, zsh, fish\.\nusage: spark-nanny completion bash\|zsh\|fish/)
  })
})
