import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { runCli } from '../../run-cli.ts'

const crashes = join(import.meta.dirname, '../../../data/crashes')
const names = readdirSync(crashes, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)
const plantedSecret = 'Pl4nted"Secret/9f\\3c'

/** Builds an API that returns the driver of a capture, with a secret in its environment and its log. */
function createApi(name: string) {
  const read = (file: string) => readFileSync(join(crashes, name, file), 'utf8')
  const pod = JSON.parse(read('pod.json'))
  pod.spec.containers[0].env = [...(pod.spec.containers[0].env ?? []), { name: 'DB_PASSWORD', value: plantedSecret }]
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ x: plantedSecret }),
  }
  const { namespace, name: podName } = pod.metadata
  const log = read('driver.log')
  const answers: Readonly<Record<string, unknown>> = {
    [`/api/v1/namespaces/${namespace}/pods/${podName}`]: pod,
    [`/api/v1/namespaces/${namespace}/events`]: JSON.parse(read('events.json')),
    [`/api/v1/nodes/${pod.spec.nodeName}`]: JSON.parse(readFileSync(join(crashes, 'node.json'), 'utf8')),
    [`/api/v1/namespaces/${namespace}/resourcequotas`]: { items: [] },
    [`/api/v1/namespaces/${namespace}/limitranges`]: { items: [] },
    [`/api/v1/namespaces/${namespace}/services`]: { items: [] },
  }
  const api: KubernetesApi = {
    request: async ({ path, onBytes }) => {
      if (path.includes('/log?')) {
        if (log === '') return { kind: 'response', status: 400, body: null }
        onBytes?.(new TextEncoder().encode(`26/11/24 11:50:00 INFO App: connecting as ${plantedSecret} …\n${log}`))
        return { kind: 'response', status: 200, body: null }
      }
      const body = answers[path.split('?')[0] ?? '']
      return body === undefined
        ? { kind: 'response', status: 404, body: null }
        : { kind: 'response', status: 200, body }
    },
    // biome-ignore lint/correctness/useYield: nothing watches
    async *watch() {
      throw new Error('nothing watches')
    },
  }
  return { namespace: String(namespace), pod: String(podName), api }
}

/** The time of the capture: a pod that waits for days has another problem. */
const capturedMs = (name: string) =>
  Date.parse(JSON.parse(readFileSync(join(crashes, name, 'pod.json'), 'utf8')).metadata.creationTimestamp) + 300_000

describe('diagnose --save', () => {
  for (const name of names) {
    test(`${name} saved as a bundle → the same findings, and no secret`, async () => {
      const { namespace, pod, api } = createApi(name)
      const files: Record<string, string> = {}
      const ran = await runCli(['diagnose', pod, '-n', namespace, '-o', 'json', '--save', 'b'], {}, '', {
        connect: async () => ({ api, server: '', namespace, context: null, close: () => {} }),
        nowMs: () => capturedMs(name),
        makePrivateFolder: async () => {},
        writePrivateFile: async (path, text) => {
          files[join('b', basename(path))] = text
        },
      })
      const again = await runCli(['diagnose', '--bundle', 'b', '-o', 'json'], files)
      assert.equal(again.exitCode, ran.exitCode)
      assert.deepEqual(JSON.parse(again.stdout).findings, JSON.parse(ran.stdout).findings)
      const original = await runCli(['diagnose', '--bundle', join(crashes, name), '-o', 'json'], {}, '', {
        readFile: async (path) => readFileSync(path, 'utf8'),
        async *readBytes(path) {
          yield readFileSync(path)
        },
      })
      const ids = (stdout: string) => JSON.parse(stdout).findings.map(({ id }: { readonly id: string }) => id)
      assert.deepEqual(ids(ran.stdout), ids(original.stdout))
      for (const text of [...Object.values(files), ran.stdout]) assert.doesNotMatch(text, /Pl4nted|9f\\*3c/)
    })
  }
})
