import type { Edges } from '../../io/cli-io.ts'
import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import { createProgress } from '../../terminal/progress.ts'
import { styleOf } from '../../terminal/style.ts'
import { categories, preCategories } from './categories.ts'
import { kubernetesApi } from './checks/kubernetes-api.ts'
import { collectEvidence, collectPreEvidence } from './collect/collect.ts'
import { collectVersion } from './collect/server.ts'
import type { CheckOptions } from './command.ts'
import { renderJson, renderText } from './render.ts'
import { exitCodeOf, judgeAll, type Report } from './report.ts'

/** Between two looks while it waits. */
const pauseMs = 5_000

/** Collects, judges and prints; again and again until all is well or `waitMs` have passed. */
export async function check(options: CheckOptions, cliVersion: string, edges: Edges): Promise<ExitCode> {
  const connection = await edges.connect(options)
  const progress = createProgress(edges)
  const look = async (): Promise<Report> => {
    const { api, server: url } = connection
    progress.tell(`asking ${url} …`)
    const version = await collectVersion(api)
    // Who is not let in is not answered at all.
    if (version.kind === 'unreadable' && (version.status === null || version.status === 401)) {
      return unreachable(url, version)
    }
    const namespace = options.namespace ?? null
    const asked = { api, url, version, cliVersion, namespace, nowMs: edges.nowMs(), tell: progress.tell }
    return options.pre
      ? judgeAll(preCategories, await collectPreEvidence(asked))
      : judgeAll(categories, await collectEvidence(asked))
  }
  try {
    const untilMs = edges.nowMs() + options.waitMs
    let report = await look()
    while (exitCodeOf(report, options.strict) !== exitCodes.ok && edges.nowMs() + pauseMs <= untilMs) {
      progress.tell(`waiting for ${firstTrouble(report)} …`)
      await edges.sleep(pauseMs)
      report = await look()
    }
    progress.clear()
    const exitCode = exitCodeOf(report, options.strict)
    const success = exitCode === exitCodes.ok
    edges.stdout(
      options.output === 'json'
        ? renderJson(report, success)
        : renderText(report, success, styleOf(edges, options.color)),
    )
    return exitCode
  } finally {
    progress.clear()
    connection.close()
  }
}

/** The one check that can be made without an answer. */
function unreachable(url: string, version: Awaited<ReturnType<typeof collectVersion>>): Report {
  const unread = { kind: 'unreadable', status: null, detail: 'not asked' } as const
  const proof = { nativeSidecars: 'unknown', restartAllContainers: 'unknown', openShift: 'unknown' } as const
  const server = { url, version, admission: unread, proof, dryRunNamespace: '', dryRunProblem: null, nodes: unread }
  const { name, checks } = kubernetesApi
  const reachable = { name, checks: checks.filter(({ id }) => id === 'api-reachable') }
  return { ...judgeAll([reachable], { server }), cutShort: true }
}

function firstTrouble({ categories: judged }: Report): string {
  const all = judged.flatMap(({ checks }) => checks)
  const found = ['error', 'unknown', 'warning'].flatMap((severity) => all.filter(({ result }) => result === severity))
  return found[0]?.id ?? 'the cluster'
}
