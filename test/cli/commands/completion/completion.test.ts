import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { runCli } from '../../run-cli.ts'

const script = async (shell: string) => (await runCli(['completion', shell])).stdout
const bash = await script('bash')

/** What bash would offer at the end of this line. */
function offered(...words: readonly string[]): readonly string[] {
  const line = ['spark-nanny', ...words].map((word) => `'${word}'`).join(' ')
  const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _spark_nanny; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `${bash}\n${ask}`], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  return stdout.split('\n').filter((word) => word !== '')
}

describe('completion command', () => {
  test('bash → completes commands, flags and values', () => {
    assert.ok(offered('').includes('check'))
    assert.deepEqual(offered('ch'), ['check'])
    assert.ok(offered('check', '--').includes('--kubeconfig'))
    assert.deepEqual(offered('check', '--w'), ['--wait'])
    assert.deepEqual(offered('check', '-o', ''), ['text', 'json'])
    assert.deepEqual(offered('check', '--wait', ''), [])
    assert.deepEqual(offered('completion', ''), ['bash', 'zsh', 'fish', '--help'])
    assert.deepEqual(offered('inject', '-f', '/etc/host'), offered('inject', '--filename', '/etc/host'))
    assert.ok(offered('inject', '-f', '/etc/host').every((path) => path.startsWith('/etc/host')))
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
