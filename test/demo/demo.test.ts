import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const withinMs = 120_000

describe('demo', () => {
  test('a run without a terminal → prints plain text, succeeds, and leaves no process behind', {
    timeout: withinMs,
  }, async () => {
    const { output, code } = await runDemo(() => false)
    assert.equal(code, 0, output)
    for (const expected of [
      /admits the pod: \d+ patch operations/,
      /SIGSTOP to process \d+: the driver hangs/,
      /the sidecar ended, exit code 88/,
      /RestartAllContainers/,
      /the driver started again \(restart 1\)/,
      /readiness probe passes: the driver is Ready/,
      /the sidecar ended, killed by SIGKILL/,
      /All steps succeeded/,
    ]) {
      assert.match(output, expected)
    }
    assert.ok(!output.includes('\u001b'), 'no colour in a pipe')
    assert.deepEqual(survivors(output), [])
  })

  test('Ctrl-C → stops the demo and all its processes', { timeout: withinMs }, async () => {
    const { output, code } = await runDemo((text) => /SIGSTOP to process/.test(text))
    assert.equal(code, 130, output)
    assert.ok(processesOf(output).length >= 5, output)
    assert.deepEqual(survivors(output), [])
  })
})

/** Runs the demo to its end; sends SIGINT, as a terminal does, once `interrupts` returns true. */
async function runDemo(interrupts: (output: string) => boolean): Promise<{ output: string; code: unknown }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let interrupted = false
  const collect = (chunk: unknown) => {
    output += String(chunk)
    if (interrupted || !interrupts(output)) return
    interrupted = true
    child.kill('SIGINT')
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const [code] = await once(child, 'close')
  return { output, code }
}

function processesOf(output: string): readonly number[] {
  return [...new Set([...output.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid)))]
}

function survivors(output: string): readonly number[] {
  return processesOf(output).filter((pid) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  })
}
