import type { Deadlines } from '../../../core/settings/deadlines.ts'
import type { HungReason } from '../../../core/verdict/verdict.ts'
import { between, oneOf, type Random } from '../../support/random.ts'
import type { Life, Phase, ProcessShape, RightVerdict, Ui, Work } from './life.ts'
import * as works from './works.ts'

/** What a story depends on. */
export interface StoryContext {
  readonly random: Random
  readonly deadlines: Deadlines & { readonly intervalMs: number }
  /** Whether the probes record the driver's processes: until the UI has answered, and from then on. */
  readonly recordedAtStart: boolean
  readonly recorded: boolean
  /** Whether the driver's container has its own process namespace. If not, other programs may work unseen after its end. */
  readonly ownProcesses: boolean
  /** By how much the sidecar extends the stop deadline where the kubelet restarts what fails. */
  readonly stopExtraMs: number
  /** Whether the UI gives away thread dumps. */
  readonly threadDumps: boolean
}

export interface Story {
  /** How often it is drawn, compared with the others. */
  readonly weight: number
  draw(context: StoryContext): Pick<Life, 'phases' | 'exit'> & { readonly hasDebugAgent?: boolean }
}

const minuteMs = 60_000
const healthy: readonly RightVerdict[] = []

const shape = (cores: number, more: Partial<ProcessShape> = {}): ProcessShape => ({
  state: 'S',
  cores,
  pythonCores: null,
  throttledShare: 0,
  waitsForDisk: false,
  ...more,
})
const idle = shape(0.0025)
const busy = shape(0.4)
const closed: Ui = { kind: 'closed' }
const mute: Ui = { kind: 'mute' }
const serves: Ui = { kind: 'serves', answerMs: 20 }

const phase = (
  fromMs: number,
  name: string,
  ui: Ui,
  process: ProcessShape,
  right: readonly RightVerdict[] = healthy,
  work: (ageMs: number) => Work = works.batchJobs,
): Phase => ({ fromMs, name, ui, process, work, right })

/** Polls and probes need some time to notice what has begun. */
const noticeMs = ({ deadlines: { timeoutMs, intervalMs } }: StoryContext) => 2 * timeoutMs + intervalMs + 45_000

/** A driver that gives no answer: by what the records of its processes show, if there are any. */
function silent(context: StoryContext, cpu: 'none' | 'some' | 'stopped' | 'disk'): readonly RightVerdict[] {
  const { deadlines, recorded, recordedAtStart } = context
  const { frozenDeadlineMs, busyDeadlineMs, unresponsiveDeadlineMs, timeoutMs, failureThreshold } = deadlines
  const isFrozen = recorded && (cpu === 'none' || cpu === 'stopped')
  const unexplainedMs = recorded ? busyDeadlineMs : unresponsiveDeadlineMs
  const deadlineMs = isFrozen ? frozenDeadlineMs : unexplainedMs
  // A sidecar that was frozen while the driver answered takes it for one that has never answered.
  const mute: readonly HungReason[] = ['busy', 'unresponsive', 'startup-deadline']
  const reasons: readonly HungReason[] = isFrozen ? ['frozen', ...mute] : mute
  // Records of the start keep the longer deadline, even if none follow.
  const latestMs = !recorded && recordedAtStart ? busyDeadlineMs : deadlineMs
  const byMs = Math.max(latestMs, failureThreshold * timeoutMs) + noticeMs(context)
  return [{ reasons, certainty: 'certain', afterMs: deadlineMs, byMs }]
}

/** The longest pause of a driver that no verdict may mistake for a hang. */
const longestPauseMs = ({ deadlines, recorded }: StoryContext) =>
  (recorded ? deadlines.busyDeadlineMs : Math.min(deadlines.unresponsiveDeadlineMs, deadlines.busyDeadlineMs)) - 2_000

/** The boot of a driver that starts to serve after a while, and then works. */
function boot({ random }: StoryContext, work: (ageMs: number) => Work = works.batchJobs, ui: Ui = serves) {
  const bindsMs = between(random, 2_000, 60_000)
  const uiMs = bindsMs + oneOf(random, [0, between(random, 0, 5_000)])
  const working = phase(uiMs, 'works', ui, oneOf(random, [idle, busy]), healthy, work)
  return {
    uiMs,
    phases: [
      phase(0, 'boots', closed, shape(0.9)),
      ...(uiMs > bindsMs ? [phase(bindsMs, 'binds its port', { kind: 'starting' }, shape(0.9))] : []),
      working,
    ],
    working,
  } as const
}

/** When something happens to a driver that has worked for a while. */
const later = ({ random }: StoryContext, uiMs: number) => uiMs + between(random, minuteMs, 30 * minuteMs)

/** A pause in the life of a healthy driver, one to three times. */
function pauses(
  context: StoryContext,
  name: string,
  process: ProcessShape,
  ui: Ui,
  longestMs: number,
): readonly Phase[] {
  const { random } = context
  const { phases, working, uiMs } = boot(context)
  const all: Phase[] = [...phases]
  let atMs = later(context, uiMs)
  for (let count = Math.ceil(random() * 3); count > 0; count -= 1) {
    const lastsMs = between(random, Math.min(5_000, longestMs), longestMs)
    all.push(phase(atMs, name, ui, process), { ...working, fromMs: atMs + lastsMs })
    atMs += lastsMs + between(random, 2 * minuteMs, 10 * minuteMs)
  }
  return all
}

const pausing = (weight: number, name: string, draw: (context: StoryContext) => readonly Phase[]): Story => ({
  weight,
  draw: (context) => ({ phases: draw(context), exit: null, hasDebugAgent: name === 'breakpoint' }),
})

/** A driver that works until something happens for good. */
const ending = (
  weight: number,
  before: (ageMs: number) => Work,
  last: (context: StoryContext, atMs: number) => readonly Phase[],
  exit: (context: StoryContext, atMs: number) => Life['exit'] = () => null,
): Story => ({
  weight,
  draw: (context) => {
    const { phases, uiMs } = boot(context, before)
    const atMs = later(context, uiMs)
    return { phases: [...phases, ...last(context, atMs)], exit: exit(context, atMs) }
  },
})

/** A driver that answers, while its work may be hung. */
const working = (
  weight: number,
  before: (ageMs: number) => Work,
  name: string,
  work: (ageMs: number) => Work,
  right: (context: StoryContext) => readonly RightVerdict[] = () => healthy,
): Story => ending(weight, before, (context, atMs) => [phase(atMs, name, serves, idle, right(context), work)])

/**
 * After a reading has raised a suspicion, others confirm it, each as the bytes of the polls allow: a driver that is polled
 * less often is read less often.
 */
const readingsMs = ({ deadlines: { intervalMs } }: StoryContext) =>
  intervalMs <= 5_000 ? 15 * minuteMs : 300 * intervalMs

const afterDeadline = (
  context: StoryContext,
  reasons: readonly HungReason[],
  certainty: RightVerdict['certainty'],
  deadlineMs: number | null,
  more: Partial<RightVerdict> = {},
): readonly RightVerdict[] =>
  deadlineMs === null
    ? []
    : [{ reasons, certainty, afterMs: deadlineMs, byMs: deadlineMs + readingsMs(context), ...more }]

/** A query has failed. That nothing works in its place, no witness may claim. */
const likelyEnded = (context: StoryContext): readonly RightVerdict[] =>
  afterDeadline(context, ['query-ended'], 'likely', context.deadlines.queryEndedDeadlineMs, { byMs: null })

const likelyStart = ({ deadlines: { startupDeadlineMs } }: StoryContext, byMs: number | null): RightVerdict => ({
  reasons: ['startup-deadline'],
  certainty: 'likely',
  afterMs: startupDeadlineMs,
  byMs,
})

/** Drivers that no action may ever touch. */
export const healthyStories = {
  'works and completes': ending(
    6,
    works.batchJobs,
    (_, atMs) => [phase(atMs, 'has closed its UI', closed, busy)],
    ({ random }, atMs) => ({ afterMs: atMs + between(random, 500, 30_000), code: 0 }),
  ),
  'works on': { weight: 4, draw: (context) => ({ phases: boot(context).phases, exit: null }) },
  'completes within seconds': {
    weight: 2,
    draw: ({ random }) => ({
      phases: [phase(0, 'boots', closed, shape(0.9))],
      exit: { afterMs: between(random, 200, 8_000), code: 0 },
    }),
  },
  crashes: ending(
    3,
    works.batchJobs,
    () => [],
    ({ random }, atMs) => ({ afterMs: atMs * random(), code: 1 }),
  ),
  'slow UI': {
    weight: 2,
    draw: (context) => {
      const answerMs = context.deadlines.timeoutMs * between(context.random, 0.5, 0.95)
      return { phases: boot(context, works.batchJobs, { kind: 'serves', answerMs }).phases, exit: null }
    },
  },
  'guarded UI': {
    weight: 2,
    draw: (context) => {
      const statusCode = oneOf(context.random, [401, 302] as const)
      return { phases: boot(context, works.batchJobs, { kind: 'guarded', statusCode }).phases, exit: null }
    },
  },
  'long collection': pausing(5, 'collects garbage', (context) =>
    pauses(context, 'collects garbage', shape(between(context.random, 0.5, 8)), mute, longestPauseMs(context)),
  ),
  'heap dump': pausing(3, 'dumps its heap', (context) =>
    pauses(
      context,
      'dumps its heap',
      shape(oneOf(context.random, [0, 0.05, 0.4]), { waitsForDisk: true, state: oneOf(context.random, ['S', 'D']) }),
      mute,
      longestPauseMs(context),
    ),
  ),
  throttled: pausing(3, 'is throttled', (context) =>
    pauses(
      context,
      'is throttled',
      shape(oneOf(context.random, [0.02, 0.1]), { throttledShare: between(context.random, 0.3, 0.95) }),
      mute,
      longestPauseMs(context),
    ),
  ),
  'stopped and continued': pausing(3, 'is stopped', (context) => {
    const longestMs = Math.min(longestPauseMs(context), context.deadlines.frozenDeadlineMs - 2_000)
    return pauses(context, 'is stopped', shape(0, { state: 'T' }), mute, longestMs)
  }),
  'answers with errors': pausing(3, 'answers with errors', (context) =>
    pauses(
      context,
      'answers with errors',
      shape(0.05),
      { kind: oneOf(context.random, ['resets', 'errors'] as const) },
      longestPauseMs(context),
    ),
  ),
  breakpoint: pausing(3, 'breakpoint', (context) =>
    pauses(context, 'breakpoint', shape(0), mute, context.recorded ? 60 * minuteMs : longestPauseMs(context)),
  ),
  'traced by gdb': pausing(2, 'traced', (context) =>
    pauses(
      context,
      'traced',
      shape(0, { state: 't' }),
      mute,
      context.recorded ? 60 * minuteMs : longestPauseMs(context),
    ),
  ),
  'starts slowly': {
    weight: 4,
    draw: (context) => {
      const { random, deadlines } = context
      const uiMs = between(random, 0.3, 1) * (deadlines.startupDeadlineMs - 5_000)
      return {
        phases: [
          phase(0, 'boots', oneOf<Ui>(random, [closed, mute]), oneOf(random, [busy, idle])),
          phase(uiMs, 'works', serves, busy),
        ],
        exit: null,
      }
    },
  },
  'kernel without a context': {
    weight: 3,
    draw: (context) => {
      const { random, deadlines } = context
      const { startupDeadlineMs } = deadlines
      const uiMs = startupDeadlineMs + between(random, 0, 60 * minuteMs)
      return {
        phases: [
          phase(0, 'waits for its user', closed, idle, [likelyStart(context, startupDeadlineMs + noticeMs(context))]),
          phase(uiMs, 'works', serves, busy),
        ],
        exit: null,
      }
    },
  },
  'uploads after its end': ending(
    4,
    works.batchJobs,
    (context, atMs) => {
      const { stopDeadlineMs } = context.deadlines
      const works = oneOf(context.random, [busy, shape(0.0025, { pythonCores: 0.5 }), shape(0.03)])
      const right = afterDeadline(context, ['stop-deadline'], 'likely', stopDeadlineMs, { byMs: null })
      return [phase(atMs, 'uploads', closed, works, context.recorded && context.ownProcesses ? healthy : right)]
    },
    ({ random }, atMs) => ({ afterMs: atMs + between(random, 5 * minuteMs, 40 * minuteMs), code: 0 }),
  ),
  'ends with a delay': ending(
    2,
    works.batchJobs,
    (_, atMs) => [phase(atMs, 'ends', closed, idle)],
    ({ random, deadlines }, atMs) => ({ afterMs: atMs + random() * (deadlines.stopDeadlineMs - 5_000), code: 0 }),
  ),
  'one long task': working(2, works.batchJobs, 'runs one long task', works.oneLongTask),
  'computes without jobs': working(2, works.batchJobs, 'computes without jobs', works.computesWithoutJobs),
  'stream works': working(2, works.stream, 'streams', works.stream),
  'idle stream': working(2, works.stream, 'waits for its source', works.idleStream),
  'query stopped': working(1, works.twoStreams, 'has stopped a query', works.oneOfTwoStopped),
  'query failed and main works': working(
    1,
    works.stream,
    'goes on without its query',
    works.allFailedAndMainWorks,
    likelyEnded,
  ),
  'query failed and a pool computes': ending(2, works.stream, (context, atMs) => [
    phase(atMs, 'computes in a pool', serves, busy, likelyEnded(context), works.allFailedAndPoolComputes),
  ]),
  'query failed and a pool awaits an answer': working(
    2,
    works.stream,
    'awaits an answer in a pool',
    works.allFailedAndPoolAwaitsAnswer,
    likelyEnded,
  ),
  'query failed and a pool starts it again': ending(2, works.stream, (context, atMs) => {
    const { random, deadlines } = context
    const pauseMs = between(random, 1_000, 5 * ((deadlines.queryEndedDeadlineMs ?? minuteMs) - 10_000))
    return [
      phase(atMs, 'sleeps in a pool', serves, idle, likelyEnded(context), works.allFailedAndPoolSleeps),
      phase(atMs + pauseMs, 'has started its query again', serves, idle, healthy, works.startedAgain),
    ]
  }),
  'query fails and starts again': ending(2, works.twoStreams, ({ random, deadlines }, atMs) => {
    const pauseMs = between(random, 1_000, (deadlines.queryEndedDeadlineMs ?? minuteMs) - 10_000)
    return [
      phase(atMs, 'has lost a query', serves, idle, healthy, works.oneOfTwoFailed),
      phase(atMs + pauseMs, 'has started it again', serves, idle, healthy, works.oneOfTwoStartedAgain),
    ]
  }),
  'waits for executors': ending(2, works.batchJobs, ({ random, deadlines }, atMs) => {
    const longestMs = (deadlines.noExecutorsDeadlineMs ?? 60 * minuteMs) - 10_000
    return [
      phase(atMs, 'waits for executors', serves, idle, healthy, works.noExecutors(oneOf(random, [0, 7]))),
      phase(atMs + between(random, 5_000, longestMs), 'works', serves, busy),
    ]
  }),
  'Connect server': working(2, works.connectServer, 'serves without main', works.connectServer),
  'threads contend': working(2, works.batchJobs, 'threads contend', works.contended),
} satisfies Record<string, Story>

const silentForGood = (
  weight: number,
  name: string,
  cpu: Parameters<typeof silent>[1],
  process: (random: Random) => ProcessShape,
  ui: Ui = mute,
): Story =>
  ending(weight, works.batchJobs, (context, atMs) => [
    phase(atMs, name, ui, process(context.random), silent(context, cpu)),
  ])

/** A driver that hangs before its UI has answered. */
const hungAtStart = (
  weight: number,
  name: string,
  ui: Ui,
  process: ProcessShape,
  right: (context: StoryContext) => readonly RightVerdict[],
): Story => ({
  weight,
  draw: (context) => ({ phases: [phase(0, name, ui, process, right(context))], exit: null }),
})

const startupDeadline = (context: StoryContext): readonly RightVerdict[] => {
  const { startupDeadlineMs } = context.deadlines
  const byMs = startupDeadlineMs + noticeMs(context)
  return [
    { reasons: ['startup-deadline'], certainty: 'certain', afterMs: startupDeadlineMs, byMs },
    likelyStart(context, null),
  ]
}

/** Drivers that hang for good. */
export const hungStories = {
  stopped: silentForGood(4, 'is stopped', 'stopped', () => shape(0, { state: 'T' })),
  frozen: silentForGood(4, 'is frozen', 'none', () => shape(0)),
  'collects for ever': silentForGood(4, 'collects garbage', 'some', (random) => shape(between(random, 0.5, 8))),
  'silent and idle': silentForGood(2, 'is silent', 'some', () => shape(0.02)),
  'waits for a disk': silentForGood(2, 'waits for a disk', 'disk', () => shape(0, { waitsForDisk: true })),
  'throttled for ever': silentForGood(2, 'is throttled', 'some', () => shape(0.05, { throttledShare: 0.8 })),
  'answers with errors': silentForGood(2, 'answers with errors', 'some', () => shape(0.05), { kind: 'resets' }),
  'stopped at its start': hungAtStart(3, 'is stopped', closed, shape(0, { state: 'T' }), (context) => {
    const { startupDeadlineMs, frozenDeadlineMs } = context.deadlines
    if (!context.recordedAtStart) return [likelyStart(context, startupDeadlineMs + noticeMs(context))]
    // Where only the startup probe records, the verdict itself ends the records.
    const byMs = context.recorded ? frozenDeadlineMs + noticeMs(context) : null
    return [{ reasons: ['frozen'], certainty: 'certain', afterMs: frozenDeadlineMs, byMs }, likelyStart(context, null)]
  }),
  'never answers': hungAtStart(3, 'does not answer', mute, idle, startupDeadline),
  'never listens': hungAtStart(3, 'does not listen', closed, idle, (context) => [
    likelyStart(context, context.deadlines.startupDeadlineMs + noticeMs(context)),
  ]),
  'does not end': ending(5, works.batchJobs, (context, atMs) => {
    const { stopDeadlineMs } = context.deadlines
    const isCertain = context.recorded && context.ownProcesses
    // Idleness is counted in minutes, and begins with a record.
    const byMs = stopDeadlineMs + context.stopExtraMs + noticeMs(context) + 3 * minuteMs
    const likely = afterDeadline(context, ['stop-deadline'], 'likely', stopDeadlineMs, {
      byMs: isCertain ? null : byMs,
    })
    const certain = afterDeadline(context, ['stop-deadline'], 'certain', stopDeadlineMs, { byMs })
    return [phase(atMs, 'does not end', closed, idle, isCertain ? [...likely, ...certain] : likely)]
  }),
  'scheduler dead': working(3, works.batchJobs, 'has no scheduler', works.withoutScheduler, (context) => [
    ...(context.threadDumps
      ? afterDeadline(context, ['scheduler-dead'], 'certain', context.deadlines.threadDumpIntervalMs)
      : []),
  ]),
  deadlock: working(3, works.batchJobs, 'is deadlocked', works.deadlocked, (context) => [
    ...(context.threadDumps
      ? afterDeadline(context, ['deadlock'], 'certain', context.deadlines.threadDumpIntervalMs)
      : []),
  ]),
  'all queries failed': working(3, works.stream, 'has no query left', works.allFailed, (context) => {
    const { queryEndedDeadlineMs: deadlineMs } = context.deadlines
    // A `main` that sleeps may be about to start its query again, so it has five times as long.
    const byMs = 5 * (deadlineMs ?? 0) + readingsMs(context)
    return [
      ...afterDeadline(context, ['query-ended'], 'likely', deadlineMs, { byMs: null }),
      // Without records, nothing shows that it does not work between its sleeps.
      ...(context.threadDumps && context.recorded
        ? afterDeadline(context, ['query-ended'], 'certain', deadlineMs, { byMs, needsMemory: true })
        : []),
    ]
  }),
  'all queries failed, and main waits': working(
    2,
    works.stream,
    'has no query left',
    works.allFailedAndPoolIsIdle,
    (context) => [
      ...likelyEnded(context),
      ...(context.threadDumps
        ? afterDeadline(context, ['query-ended'], 'certain', context.deadlines.queryEndedDeadlineMs, {
            needsMemory: true,
          })
        : []),
    ],
  ),
  'one query failed': working(2, works.twoStreams, 'has lost a query', works.oneOfTwoFailed, (context) =>
    afterDeadline(context, ['query-ended'], 'likely', context.deadlines.queryEndedDeadlineMs, { needsMemory: true }),
  ),
  'source blocks': working(2, works.stream, 'waits for its source', works.blockedStream, (context) =>
    afterDeadline(context, ['streaming-stall'], 'likely', 2 * minuteMs, {
      byMs: context.threadDumps
        ? (context.deadlines.streamingStallDeadlineMs ?? Number.POSITIVE_INFINITY) + readingsMs(context)
        : null,
    }),
  ),
  'no executors': working(2, works.batchJobs, 'has no executors', works.noExecutors(0), (context) =>
    afterDeadline(context, ['no-executors'], 'likely', context.deadlines.noExecutorsDeadlineMs),
  ),
  'dropped events': working(2, works.batchJobs, 'has no executors', works.noExecutors(7), (context) => [
    ...afterDeadline(context, ['no-executors'], 'likely', context.deadlines.noExecutorsDeadlineMs, { byMs: null }),
    ...afterDeadline(context, ['no-executors'], 'certain', context.deadlines.noExecutorsDeadlineMs, {
      needsMemory: true,
    }),
  ]),
  'main ended': working(2, works.batchJobs, 'has no main', works.mainEnded, (context) =>
    context.threadDumps
      ? afterDeadline(context, ['main-ended'], 'likely', context.deadlines.stopDeadlineMs, {
          byMs: context.deadlines.stopDeadlineMs + 3 * readingsMs(context),
        })
      : [],
  ),
} satisfies Record<string, Story>
