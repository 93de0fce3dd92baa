import type { JvmProcess, ProcessRecord, Sample } from '../../../core/verdict/witnesses.ts'
import { samples } from './judged-samples.ts'
import { answers, minuteMs, record, repeat, type Step } from './observations.ts'
import { testVerdicts } from './verdict-table.ts'

const every = (fromMs: number, toMs: number, ui: Sample, processes?: (atMs: number) => ProcessRecord) =>
  repeat(fromMs, toMs, 10_000, (atMs) => (processes === undefined ? { ui } : { ui, processes: processes(atMs) }))

const { refused, timeout, other } = samples

testVerdicts('startup-deadline', [
  {
    what: 'nothing listens: a kernel may wait, or a script may work, before its SparkSession',
    steps: every(0, 10 * minuteMs, refused),
    verdict: 'hung startup-deadline likely',
  },
  { what: 'not yet', steps: every(0, 10 * minuteMs - 10_000, refused), verdict: 'starting' },
  {
    what: 'the UI accepts connections for five minutes only: the driver may have started late, and be booting',
    steps: [...every(0, 6 * minuteMs, refused), ...every(6 * minuteMs + 10_000, 11 * minuteMs, timeout)],
    verdict: 'hung startup-deadline likely',
  },
  {
    what: 'the UI accepts connections and does not answer',
    steps: every(0, 10 * minuteMs, timeout),
    verdict: 'hung startup-deadline certain',
  },
  {
    what: 'the UI has begun to listen a moment ago, and is slow',
    steps: [...every(0, 9 * minuteMs, refused), ...every(9 * minuteMs + 10_000, 10 * minuteMs, timeout)],
    verdict: 'hung startup-deadline likely',
  },
  {
    what: 'a JVM that waits for its debugger',
    steps: every(0, 20 * minuteMs, refused, (atMs) => record(atMs, { hasDebugAgent: true })),
    verdict: 'unknown',
  },
  {
    what: 'traced for a while, then not',
    steps: [
      ...every(0, 11 * minuteMs, refused, (atMs) => record(atMs, { state: 'traced' })),
      ...every(11 * minuteMs + 10_000, 12 * minuteMs, refused, (atMs) => record(atMs)),
    ],
    verdict: 'hung startup-deadline likely',
  },
  {
    what: 'another program answered on its port',
    steps: [[0, { ui: other }], ...every(10_000, 60 * minuteMs, timeout)],
    verdict: 'unknown',
  },
])

/** Since 0 the port is closed; the JVM uses this many ticks per second until a time, and then what an idle one uses. */
const closed = (
  untilMs: number,
  busyUntilMs: number,
  fields: Partial<JvmProcess> = {},
  pythonTicks: (atMs: number) => number | null = () => null,
): readonly Step[] =>
  every(0, untilMs, refused, (atMs) => {
    const cpuTicks = Math.round(Math.min(atMs, busyUntilMs) * 0.05 + Math.max(0, atMs - busyUntilMs) * 0.0003)
    return record(atMs, { cpuTicks, ...fields }, { pythonCpuTicks: pythonTicks(atMs) })
  })

testVerdicts(
  'stop-deadline',
  [
    { what: 'idle for the whole time', steps: closed(10 * minuteMs, 0), verdict: 'hung stop-deadline certain' },
    { what: 'idle for less', steps: closed(10 * minuteMs - 10_000, 0), verdict: 'stopping' },
    { what: 'no record', steps: every(0, 10 * minuteMs, refused), verdict: 'hung stop-deadline likely' },
    { what: 'works for an hour', steps: closed(60 * minuteMs, 60 * minuteMs), verdict: 'stopping' },
    { what: 'worked for 30 min, idle for less', steps: closed(39 * minuteMs, 30 * minuteMs), verdict: 'stopping' },
    {
      what: 'worked for 30 min, then idle',
      steps: closed(41 * minuteMs, 30 * minuteMs),
      verdict: 'hung stop-deadline certain',
    },
    {
      what: 'Python works, and the JVM does not',
      steps: closed(60 * minuteMs, 0, {}, (atMs) => Math.round(atMs * 0.05)),
      verdict: 'stopping',
    },
    {
      what: 'Python is idle, too',
      steps: closed(10 * minuteMs, 0, {}, () => 77),
      verdict: 'hung stop-deadline certain',
    },
    {
      what: 'short-lived Python processes come and go',
      steps: closed(60 * minuteMs, 0, {}, (atMs) => (atMs % 60_000 === 0 ? 20 : null)),
      verdict: 'stopping',
    },
    {
      what: 'another program works, and the JVM does not',
      steps: every(0, 60 * minuteMs, refused, (atMs) => record(atMs, {}, { otherCpuTicks: Math.round(atMs * 0.05) })),
      verdict: 'stopping',
    },
    {
      what: 'other programs are not recorded',
      steps: every(0, 10 * minuteMs, refused, (atMs) => record(atMs, {}, { otherCpuTicks: null })),
      verdict: 'hung stop-deadline likely',
    },
    {
      what: 'another program is idle, too',
      steps: every(0, 10 * minuteMs, refused, (atMs) => record(atMs, {}, { otherCpuTicks: 77 })),
      verdict: 'hung stop-deadline certain',
    },
    {
      what: 'one burst of work in a minute',
      steps: every(0, 12 * minuteMs, refused, (atMs) => record(atMs, { cpuTicks: atMs < 6 * minuteMs ? 0 : 200 })),
      verdict: 'stopping',
    },
    {
      what: 'records cover only the last minutes',
      steps: [
        ...every(0, 5 * minuteMs, refused),
        ...every(5 * minuteMs, 14 * minuteMs, refused, (atMs) => record(atMs)),
      ],
      verdict: 'stopping',
    },
    {
      what: 'records cover only the last minutes, for the deadline',
      steps: [
        ...every(0, 5 * minuteMs, refused),
        ...every(5 * minuteMs, 15 * minuteMs, refused, (atMs) => record(atMs)),
      ],
      verdict: 'hung stop-deadline certain',
    },
    {
      what: 'it works, and no probe runs any more',
      steps: [...closed(minuteMs, minuteMs), ...every(minuteMs, 60 * minuteMs, refused)],
      verdict: 'stopping',
    },
    {
      what: 'it works, no probe runs for the deadline, and then the first one does',
      steps: [
        ...closed(minuteMs, minuteMs),
        ...every(minuteMs, 15 * minuteMs, refused),
        [15 * minuteMs + 10_000, { ui: refused, processes: record(15 * minuteMs + 5_000, { cpuTicks: 90_000 }) }],
      ],
      verdict: 'stopping',
    },
    {
      what: 'probes recorded it only before its end',
      steps: [[-10_000, answers({ processes: record(-10_000) })], ...every(0, 10 * minuteMs, refused)],
      verdict: 'hung stop-deadline likely',
    },
    {
      what: 'only the startup probe of a kubelet that has restarted records it',
      steps: [
        ...every(0, 5 * minuteMs, refused),
        [5 * minuteMs, { ui: refused, processes: record(5 * minuteMs) }],
        ...every(5 * minuteMs, 10 * minuteMs, refused),
      ],
      verdict: 'hung stop-deadline likely',
    },
    {
      what: 'probes recorded it until shortly after its end, and then no more',
      steps: [
        ...every(-2 * minuteMs, 0, answers().ui, (atMs) => record(atMs)),
        ...every(10_000, 20_000, refused, (atMs) => record(atMs)),
        ...every(30_000, 60 * minuteMs, refused),
      ],
      verdict: 'stopping',
    },
    {
      what: 'probes recorded it again and again until shortly before its end, and then no more',
      steps: [
        ...every(-3 * minuteMs, -10_000, answers().ui, (atMs) => record(atMs, { cpuTicks: 20_000 + atMs / 10 })),
        ...every(0, 60 * minuteMs, refused),
      ],
      verdict: 'stopping',
    },
    {
      what: 'a debugger may hold it',
      steps: closed(30 * minuteMs, 0, { hasDebugAgent: true }),
      verdict: 'unknown',
    },
    {
      what: 'answered a while ago',
      steps: [[0, answers()], ...every(5 * minuteMs, 14 * minuteMs, refused)],
      verdict: 'stopping',
    },
    {
      what: 'another JVM has started since: its time counts',
      steps: every(0, 12 * minuteMs, refused, (atMs) => record(atMs, { startTicks: atMs < 5 * minuteMs ? '1' : '2' })),
      verdict: 'stopping',
    },
  ],
  true,
)
