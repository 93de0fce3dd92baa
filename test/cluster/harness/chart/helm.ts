import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Cluster } from '../cluster.ts'
import { binary, projectDir, runDir } from '../paths.ts'
import { type RunResult, run } from '../processes.ts'
import type { ValueSet } from './value-sets.ts'

export const chartDir = join(projectDir, 'charts/spark-nanny')

/** Runs Helm with its own home directory. A failure is a result, not an exception. */
export function helm(args: readonly string[], input?: string): Promise<RunResult> {
  const home = join(runDir, 'helm')
  const env = { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home }
  return run(binary('helm'), args, { env, timeoutMs: 300_000, accept: [1], ...(input === undefined ? {} : { input }) })
}

/** The arguments for a value set. The values themselves are passed on standard input. */
export const valueArguments = ({ files = [] }: Pick<ValueSet, 'files'>): readonly string[] => [
  ...files.flatMap((file) => ['--values', join(chartDir, file)]),
  ...['--values', '-'],
]

/** The manifests of a release named spark-nanny in `namespace`, as text. Rejects when the chart does not render. */
export async function template(set: Omit<ValueSet, 'name' | 'what'>, namespace: string): Promise<string> {
  const version = ['--kube-version', set.kubeVersion ?? '1.36.3']
  const args = ['template', 'spark-nanny', chartDir, '--namespace', namespace, ...version, ...valueArguments(set)]
  const { code, stdout, stderr } = await helm(args, JSON.stringify(set.values))
  if (code !== 0) throw new Error(stderr)
  return stdout
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

export const manifestsOf = (text: string): readonly Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null)

/** Applies `manifests` as a server-side dry run. Standard error contains the warnings of the API server. */
export function dryRun(
  { kubeconfigPath }: Cluster,
  namespace: string,
  manifests: readonly object[],
): Promise<RunResult> {
  const flags = ['--server-side', '--dry-run=server', '--validate=strict', '--namespace', namespace]
  const args = ['--kubeconfig', kubeconfigPath, 'apply', ...flags, '-f', '-']
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests })
  return run(binary('kubectl'), args, { timeoutMs: 120_000, accept: [1], input })
}
