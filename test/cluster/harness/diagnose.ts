import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { projectDir } from './paths.ts'
import type { PodRef } from './pods.ts'
import { run } from './processes.ts'

/** The part of the output of `spark-nanny diagnose -o json` that the tests read. */
export interface Diagnosed {
  readonly exitCode: number
  readonly stdout: string
  readonly state: string
  readonly findings: readonly { readonly id: string; readonly symptomOf: string | null; readonly severity: string }[]
  readonly unknown: readonly { readonly what: string; readonly why: string }[]
}

/** Diagnoses a live driver with the real command and saves its bundle in a new folder. */
export const diagnoseLive = async (
  cluster: Cluster,
  { namespace, pod }: PodRef,
): Promise<{ readonly live: Diagnosed; readonly bundle: string }> => {
  const bundle = mkdtempSync(join(tmpdir(), `spark-nanny-bundle-${pod}-`))
  const target = [pod, '-n', namespace, '--kubeconfig', cluster.kubeconfigPath, '--save', bundle]
  return { live: await diagnose(target), bundle }
}

export const diagnoseBundle = (dir: string): Promise<Diagnosed> => diagnose(['--bundle', dir])

/** The text of all files of a bundle. */
export const textOf = (dir: string): string =>
  readdirSync(dir)
    .map((file) => readFileSync(join(dir, file), 'utf8'))
    .join('\n')

const diagnose = async (args: readonly string[]): Promise<Diagnosed> => {
  const command = [join(projectDir, 'cli/main.ts'), 'diagnose', ...args, '-o', 'json']
  const { code, stdout } = await run(process.execPath, command, { timeoutMs: 90_000, accept: [3, 5] })
  return { ...JSON.parse(stdout), exitCode: code, stdout }
}
