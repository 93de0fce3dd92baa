import { type BlackBoxNumber, blackBoxNumbers, maxBlackBoxBytes } from '../core/contract/pod-contract.ts'
import { isRecord, parseJson, parseTimeMs, textField } from '../core/json.ts'
import { findTopFrame, formatThreadDump, parseThreads } from '../core/spark/threads.ts'
import type { Verdict } from '../core/verdict/verdict.ts'
import type { ProcessRecord, UiWitness } from '../core/verdict/witnesses.ts'
import type { UiClient } from '../spark-ui/ui-client.ts'
import type { BlackBoxFiles } from './black-box-files.ts'
import { formatIsoTime } from './clock.ts'
import type { SidecarLog } from './log.ts'
import type { RecordedPoll } from './poll-history.ts'
import type { ProvenUi } from './poller.ts'
import { redactSecrets } from './redact.ts'

/** What the monitor knows after a poll. */
export interface BlackBoxMoment {
  readonly verdict: Verdict
  /** Whether the judge doubts a driver that answers. */
  readonly hasDoubt: boolean
  readonly polls: readonly RecordedPoll[]
  readonly processes: ProcessRecord | null
  /** Null if the UI has never listed the application. */
  readonly ui: ProvenUi | null
  readonly wallMs: number
}

/** What a black box is about, for /status. It is the first line of the file, so that the list needs no whole file. */
export interface BlackBoxSummary {
  readonly number: BlackBoxNumber
  /** ISO time at which the doubt began. */
  readonly at: string
  readonly occasion: string
  /** The thread and frame that most likely explain the doubt; null if the UI gave no thread dump. */
  readonly topFrame: string | null
}

/**
 * Records the evidence that would be lost with a hung driver. On the first doubt of an episode it writes the polls and the
 * record of the processes at once, and then adds what the UI still answers: threads, metrics, jobs and executors. When the
 * driver is found hung, it adds the verdict, before anything acts on it.
 *
 * The collection runs beside the monitor, with timeouts, one at a time, and never throws: it can delay neither a poll nor a
 * verdict nor an action. The environment and Spark's properties are not collected, and what looks like a secret is removed.
 */
export interface BlackBox {
  observe(moment: BlackBoxMoment): void
  /** The thread and frame that most likely explain the present doubt. Null without a doubt, and without a thread dump. */
  topFrame(): TopFrame | null
  /** At most three, the latest first. */
  summaries(): readonly BlackBoxSummary[]
  /** The JSON text of a black box; null if there is none. */
  read(number: number): string | null
  /** Resolves when no collection runs. */
  settle(): Promise<void>
}

/** A thread and its frame, and when the UI was asked for the dump: the evidence may be older than a verdict. */
export interface TopFrame {
  readonly text: string
  readonly askedWallMs: number
}

export interface BlackBoxDeps {
  readonly uiClient: Pick<UiClient, 'readText'>
  readonly files: BlackBoxFiles
  readonly timeoutMs: number
  readonly log: SidecarLog
}

/** A driver that fails single polls again and again must neither be asked for its threads each time, nor lose older evidence. */
const minIntervalMs = 600_000
const maxSummaryBytes = 4_096

/** How much of each answer is read and kept. The rest of `maxBlackBoxBytes` is for polls, escapes and the verdict. */
const limits: readonly (readonly [UiWitness, { readonly readBytes: number; readonly keptChars: number }])[] = [
  ['threads', { readBytes: 2_097_152, keptChars: 200_000 }],
  ['metrics', { readBytes: 262_144, keptChars: 60_000 }],
  ['jobs', { readBytes: 30_000, keptChars: 30_000 }],
  ['executors', { readBytes: 30_000, keptChars: 30_000 }],
]
/** A UI that gives no answer twice is not asked for more: each request fills the accept queue of a hung JVM. */
const maxFailures = 2

interface Episode {
  readonly number: BlackBoxNumber
  readonly beganWallMs: number
  readonly occasion: string
  readonly moments: MomentRecord[]
  readonly answers: { -readonly [witness in UiWitness]?: string }
  topFrame: string | null
}

type MomentRecord = Pick<BlackBoxMoment, 'verdict' | 'polls' | 'processes'> & { readonly at: string }

export function createBlackBox({ uiClient, files, timeoutMs, log }: BlackBoxDeps): BlackBox {
  let summaries = readSummaries(files)
  let episode: Episode | null = null
  let beganWallMs = Number.NEGATIVE_INFINITY
  let collection: Promise<void> | null = null

  function write(one: Episode): void {
    const summary: BlackBoxSummary = {
      number: one.number,
      at: formatIsoTime(one.beganWallMs),
      occasion: one.occasion,
      topFrame: one.topFrame,
    }
    try {
      files.write(one.number, formatBlackBox(summary, one))
      summaries = [summary, ...summaries.filter(({ number }) => number !== one.number)]
    } catch (error) {
      log.warn({ problem: String(error) }, 'failed to write the black box')
    }
  }

  async function collect(one: Episode, { address, listedId }: ProvenUi): Promise<void> {
    let failures = 0
    for (const [witness, { readBytes, keptChars }] of limits) {
      const answer = await uiClient.readText(witness, address, listedId, timeoutMs, readBytes)
      if (answer === undefined) {
        failures += 1
        if (failures >= maxFailures) break
      } else {
        keepAnswer(one, witness, answer, keptChars)
        // The sidecar may end at any moment, because it has found the driver hung.
        write(one)
      }
    }
    log.info({ blackBox: one.number, topFrame: one.topFrame }, 'black box recorded')
  }

  function begin(moment: BlackBoxMoment): void {
    beganWallMs = moment.wallMs
    const one: Episode = {
      number: chooseNumber(summaries),
      beganWallMs,
      occasion: describeOccasion(moment),
      moments: [toMoment(moment)],
      answers: {},
      topFrame: null,
    }
    episode = one
    write(one)
    if (moment.ui === null || collection !== null) return
    collection = collect(one, moment.ui)
      .catch((error: unknown) => log.warn({ problem: String(error) }, 'failed to record the black box'))
      .finally(() => {
        collection = null
      })
  }

  return {
    observe(moment) {
      const { verdict, hasDoubt, wallMs } = moment
      const isHung = verdict.kind === 'hung'
      if (verdict.kind === 'alive' && !hasDoubt) episode = null
      if (!isHung && !hasDoubt && verdict.kind !== 'failing') return
      if (episode === null) {
        if (isHung || wallMs - beganWallMs >= minIntervalMs) begin(moment)
      } else if (isHung && episode.moments.every((known) => known.verdict.kind !== 'hung')) {
        episode.moments.push(toMoment(moment))
        write(episode)
      }
    },
    topFrame: () =>
      episode === null || episode.topFrame === null
        ? null
        : { text: episode.topFrame, askedWallMs: episode.beganWallMs },
    summaries: () => summaries,
    read(number) {
      const known = blackBoxNumbers.find((one) => one === number)
      return known === undefined ? null : files.read(known)
    },
    settle: async () => {
      await collection
    },
  }
}

function keepAnswer(episode: Episode, witness: UiWitness, text: string, keptChars: number): void {
  if (witness === 'threads') {
    const threads = parseThreads(text)
    const top = threads === undefined ? null : findTopFrame(threads)
    episode.topFrame = top === null ? null : redactSecrets(`${top.thread} at ${top.frame}`).slice(0, 500)
  }
  const whole = witness === 'threads' ? (formatThreadDump(text, keptChars) ?? text) : text
  episode.answers[witness] = redactSecrets(whole.slice(0, keptChars))
}

const describeOccasion = ({ verdict, hasDoubt }: BlackBoxMoment): string => {
  const detail = 'detail' in verdict ? `: ${verdict.detail}` : ''
  return redactSecrets(`${hasDoubt && verdict.kind === 'alive' ? 'doubt' : verdict.kind}${detail}`).slice(0, 500)
}

const toMoment = ({ verdict, polls, processes, wallMs }: BlackBoxMoment): MomentRecord => ({
  at: formatIsoTime(wallMs),
  verdict,
  polls,
  processes,
})

/** The number of a black box that does not exist yet, else that of the oldest. */
function chooseNumber(summaries: readonly BlackBoxSummary[]): BlackBoxNumber {
  const unused = blackBoxNumbers.find((number) => summaries.every((summary) => summary.number !== number))
  return unused ?? summaries.at(-1)?.number ?? 1
}

/** One JSON object. If it is too long, the answers of the UI are left out from the last to the first. */
function formatBlackBox(summary: BlackBoxSummary, { moments, answers }: Episode): string {
  const kept = Object.entries(answers)
  for (;;) {
    const rest = `"moments":${redactSecrets(JSON.stringify(moments))},"answers":${JSON.stringify(Object.fromEntries(kept))}`
    const text = `{"summary":${JSON.stringify(summary)},\n${rest}}\n`
    if (Buffer.byteLength(text) <= maxBlackBoxBytes || kept.length === 0) return text
    kept.pop()
  }
}

/** The summaries in the files of earlier sidecars of this pod, the latest first. */
function readSummaries(files: BlackBoxFiles): readonly BlackBoxSummary[] {
  return blackBoxNumbers
    .map((number) => parseSummary(number, files.read(number, maxSummaryBytes) ?? ''))
    .filter((summary) => summary !== undefined)
    .toSorted((a, b) => (parseTimeMs(b.at) ?? 0) - (parseTimeMs(a.at) ?? 0))
}

function parseSummary(number: BlackBoxNumber, start: string): BlackBoxSummary | undefined {
  const [, json = ''] = /^\{"summary":(.*),\n/.exec(start) ?? []
  const value = parseJson(json)
  const at = textField(value, 'at')
  if (!isRecord(value) || at === null) return undefined
  const shorten = (field: string) => textField(value, field)?.slice(0, 500) ?? null
  return { number, at: at.slice(0, 50), occasion: shorten('occasion') ?? '', topFrame: shorten('topFrame') }
}
