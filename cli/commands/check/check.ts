import type { CliIo } from '../../io/cli-io.ts'
import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import { createProgress } from '../../terminal/progress.ts'
import { createStyle } from '../../terminal/style.ts'
import { categories, preCategories } from './categories.ts'
import { kubernetesApi } from './checks/kubernetes-api.ts'
import { collectEvidence, collectPreEvidence } from './collect/collect.ts'
import { collectVersion } from './collect/server.ts'
import type { CheckOptions } from './options.ts'
import { renderCheckJson, renderCheckText } from './render.ts'
import { type CheckReport, checkExitCode, runAll } from './report.ts'

/** Pause between two rounds of checks while waiting. */
const pauseMs = 5_000

/** Collects evidence, judges it, and repeats until every check succeeds or `waitMs` have passed. Prints the last report. */
export async function runChecks(options: CheckOptions, cliVersion: string, io: CliIo): Promise<ExitCode> {
  const connection = await io.connect(options)
  const progress = createProgress(io)
  const runOnce = async (): Promise<CheckReport> => {
    const { api, server: url } = connection
    progress.show(`connecting to ${url} …`)
    const version = await collectVersion(api)
    // HTTP 401 means that every other request would be rejected, too.
    if (version.kind === 'unreadable' && (version.status === null || version.status === 401)) {
      return unreachable(url, version)
    }
    const namespace = options.namespace ?? null
    const collectOptions = { api, url, version, cliVersion, namespace, nowMs: io.nowMs(), showProgress: progress.show }
    return options.pre
      ? runAll(preCategories, await collectPreEvidence(collectOptions))
      : runAll(categories, await collectEvidence(collectOptions))
  }
  try {
    const untilMs = io.nowMs() + options.waitMs
    let report = await runOnce()
    while (checkExitCode(report, options.strict) !== exitCodes.ok && io.nowMs() + pauseMs <= untilMs) {
      progress.show(`waiting for ${firstProblem(report)} …`)
      await io.sleep(pauseMs)
      report = await runOnce()
    }
    progress.clear()
    const exitCode = checkExitCode(report, options.strict)
    const success = exitCode === exitCodes.ok
    io.stdout(
      options.output === 'json'
        ? renderCheckJson(report, success)
        : renderCheckText(report, success, createStyle(io, options.color)),
    )
    return exitCode
  } finally {
    progress.clear()
    connection.close()
  }
}

/** The report if the API server cannot be used: only `api-reachable`, as an error. */
function unreachable(url: string, version: Awaited<ReturnType<typeof collectVersion>>): CheckReport {
  const unread = { kind: 'unreadable', status: null, detail: 'not requested' } as const
  const proof = {
    nativeSidecars: 'unknown',
    restartAllContainers: 'unknown',
    containerRestartRules: 'unknown',
    openShift: 'unknown',
  } as const
  const server = { url, version, admission: unread, proof, dryRunNamespace: '', dryRunProblem: null, nodes: unread }
  const { name, checks } = kubernetesApi
  const reachable = { name, checks: checks.filter(({ id }) => id === 'api-reachable') }
  return { ...runAll([reachable], { server }), cutShort: true }
}

function firstProblem({ categories: judged }: CheckReport): string {
  const all = judged.flatMap(({ checks }) => checks)
  const found = ['error', 'unknown', 'warning'].flatMap((severity) => all.filter(({ result }) => result === severity))
  return found[0]?.id ?? 'the cluster'
}
