import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { projectDir } from './paths.ts'
import type { PodRef } from './pods.ts'
import { run } from './processes.ts'

/** What `spark-nanny diagnose -o json` printed, as far as the tests read it. */
export interface Diagnosed {
  readonly exitCode: number
  readonly stdout: string
  readonly state: string
  readonly findings: readonly { readonly id: string; readonly symptomOf: string | null; readonly severity: string }[]
  readonly unknown: readonly { readonly what: string; readonly why: string }[]
}

/** Diagnoses a live driver by the real command, and leaves its bundle in a folder of its own. */
export const diagnoseLive = async (
  cluster: Cluster,
  { namespace, pod }: PodRef,
): Promise<{ readonly live: Diagnosed; readonly bundle: string }> => {
  const bundle = mkdtempSync(join(tmpdir(), `spark-nanny-bundle-${pod}-`))
  const target = [pod, '-n', namespace, '--kubeconfig', cluster.kubeconfigPath, '--save', bundle]
  return { live: await diagnose(target), bundle }
}

export const diagnoseBundle = (dir: string): Promise<Diagnosed> => diagnose(['--bundle', dir])

/** All that lies in a bundle. */
export const textOf = (dir: string): string =>
  readdirSync(dir)
    .map((file) => readFileSync(join(dir, file), 'utf8'))
    .join('\n')

const diagnose = async (args: readonly string[]): Promise<Diagnosed> => {
  const command = [join(projectDir, 'cli/main.ts'), 'diagnose', ...args, '-o', 'json']
  const { code, stdout } = await run(process.execPath, command, { timeoutMs: 90_000, accept: [3, 5] })
  return { ...JSON.parse(stdout), exitCode: code, stdout }
}
