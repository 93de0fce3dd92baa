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

/** Between two looks while it waits. */
const pauseMs = 5_000

/** Collects, judges and prints; again and again until all is well or `waitMs` have passed. */
export async function runChecks(options: CheckOptions, cliVersion: string, io: CliIo): Promise<ExitCode> {
  const connection = await io.connect(options)
  const progress = createProgress(io)
  const look = async (): Promise<CheckReport> => {
    const { api, server: url } = connection
    progress.tell(`asking ${url} …`)
    const version = await collectVersion(api)
    // Who is not let in is not answered at all.
    if (version.kind === 'unreadable' && (version.status === null || version.status === 401)) {
      return unreachable(url, version)
    }
    const namespace = options.namespace ?? null
    const asked = { api, url, version, cliVersion, namespace, nowMs: io.nowMs(), tell: progress.tell }
    return options.pre
      ? runAll(preCategories, await collectPreEvidence(asked))
      : runAll(categories, await collectEvidence(asked))
  }
  try {
    const untilMs = io.nowMs() + options.waitMs
    let report = await look()
    while (checkExitCode(report, options.strict) !== exitCodes.ok && io.nowMs() + pauseMs <= untilMs) {
      progress.tell(`waiting for ${firstTrouble(report)} …`)
      await io.sleep(pauseMs)
      report = await look()
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

/** The one check that can be made without an answer. */
function unreachable(url: string, version: Awaited<ReturnType<typeof collectVersion>>): CheckReport {
  const unread = { kind: 'unreadable', status: null, detail: 'not asked' } as const
  const proof = { nativeSidecars: 'unknown', restartAllContainers: 'unknown', openShift: 'unknown' } as const
  const server = { url, version, admission: unread, proof, dryRunNamespace: '', dryRunProblem: null, nodes: unread }
  const { name, checks } = kubernetesApi
  const reachable = { name, checks: checks.filter(({ id }) => id === 'api-reachable') }
  return { ...runAll([reachable], { server }), cutShort: true }
}

function firstTrouble({ categories: judged }: CheckReport): string {
  const all = judged.flatMap(({ checks }) => checks)
  const found = ['error', 'unknown', 'warning'].flatMap((severity) => all.filter(({ result }) => result === severity))
  return found[0]?.id ?? 'the cluster'
}
