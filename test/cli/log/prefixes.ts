/** What a collector, a viewer or a terminal makes of the lines of a container. */
export interface Carrier {
  readonly name: string
  /** The lines of the log that it writes for one line of the container; `index` is the number of the line, from 0. */
  readonly carry: (line: string, index: number) => readonly string[]
  /** Whether the prefix is known, so that it is removed from a single line too. */
  readonly isCertain: boolean
}

const two = (number: number) => String(number % 60).padStart(2, '0')
const clock = (index: number) => `09:${two(Math.floor(index / 60))}:${two(index)}`
const stamp = (index: number) => `2026-03-01T${clock(index)}.${String(123_456_789 + 7 * index)}`
const pod = 'nightly-driver'
const container = 'spark-kubernetes-driver'

const prefix = (name: string, of: (index: number) => string, isCertain = false): Carrier => ({
  name,
  isCertain,
  carry: (line, index) => [of(index) + line],
})

const json = (name: string, of: (line: string, index: number) => object): Carrier => ({
  name,
  isCertain: true,
  carry: (line, index) => [JSON.stringify(of(line, index))],
})

export const carriers: readonly Carrier[] = [
  prefix('CRI', (n) => `${stamp(n)}Z ${n % 2 === 0 ? 'stdout' : 'stderr'} F `, true),
  prefix('CRI with an offset', (n) => `${stamp(n)}+01:00 stderr F `, true),
  {
    name: 'CRI in parts',
    isCertain: true,
    carry: (line, n) => {
      const middle = Math.floor(line.length / 2)
      return [`${stamp(n)}Z stderr P ${line.slice(0, middle)}`, `${stamp(n)}Z stderr F ${line.slice(middle)}`]
    },
  },
  json('docker', (line, n) => ({ log: `${line}\n`, stream: 'stderr', time: `${stamp(n)}Z` })),
  json('fluent-bit', (log, n) => ({
    time: `${stamp(n)}Z`,
    stream: 'stderr',
    _p: 'F',
    log,
    kubernetes: { pod_name: pod, container_name: container },
  })),
  json('Loki', (line, n) => ({ labels: { pod, level: 'error' }, line, timestamp: `${stamp(n)}Z` })),
  json('CloudWatch', (message, n) => ({ timestamp: 1_772_355_600_000 + n, message, ingestionTime: 1_772_355_600_000 })),
  json('Google Cloud', (textPayload, n) => ({ severity: 'ERROR', textPayload, timestamp: `${stamp(n)}Z` })),
  json('Elasticsearch', (message, n) => ({ _index: 'logs', _source: { '@timestamp': `${stamp(n)}Z`, message } })),
  prefix('kubectl logs --prefix', () => `[pod/${pod}/${container}] `, true),
  prefix('kubectl logs --prefix --timestamps', (n) => `[pod/${pod}/${container}] ${stamp(n)}Z `),
  prefix('kubectl logs --timestamps', (n) => `${stamp(n)}Z `),
  prefix('kubectl logs --timestamps, with an offset', (n) => `2026-03-01T${clock(n)}.${two(n)}+01:00 `),
  prefix('stern', () => `${pod} ${container} `),
  prefix('stern with the time', (n) => `${pod} ${container} ${stamp(n)}+01:00 `),
  prefix('stern with signs', () => `${pod} › ${container} `),
  prefix('kail', () => `etl/${pod}[${container}]: `, true),
  prefix('kubetail', () => `[${pod}] `),
  prefix(
    'Airflow',
    (n) => `[2024-11-27, ${clock(n)} CET] {pod_manager.py:${400 + (n % 90)}} INFO - [${container}] `,
    true,
  ),
  prefix('Airflow 2.8', (n) => `[2024-11-27T${clock(n)}.123+0000] {pod_manager.py:472} INFO - [base] `, true),
  prefix('Airflow 1', (n) => `[2021-11-27 ${clock(n)},123] {pod_launcher.py:149} INFO - `, true),
  prefix('Airflow, spark-submit', (n) => `[2021-11-27 ${clock(n)},123] {spark_submit.py:490} INFO - `, true),
  prefix('docker compose', () => 'spark-1  | '),
  prefix('docker swarm', () => 'etl_spark.1.x8k2@node-7    | '),
  prefix('journalctl', (n) => `Mar  1 ${clock(n)} node-7 spark[4711]: `, true),
  prefix('journalctl -o short-iso', (n) => `2026-03-01T${clock(n)}+0100 node-7 spark[4711]: `, true),
  prefix('syslog', (n) => `<30>1 ${stamp(n).slice(0, 26)}Z node-7 spark 4711 - - `, true),
  prefix('aws logs tail', (n) => `2026-03-01T${clock(n)}+00:00 ${pod}/${container} `),
  prefix('logcli', (n) => `2026-03-01T${clock(n)}Z {app="spark", pod="${pod}"} `, true),
  prefix('Jenkins', (n) => `[2026-03-01T${clock(n)}.123Z] `),
  prefix('GitHub Actions', (n) => `2026-03-01T${clock(n)}.1234567Z `),
  prefix('ts', (n) => `Mar 01 ${clock(n)} `),
  prefix('two blanks', () => '  '),
  prefix('a table of a viewer', (n) => `${String(n + 1).padStart(6, '0')} ▏ `),
  prefix('a wrapper script', (n) => `<<job 17 attempt ${n}>> `),
  {
    name: 'colors',
    isCertain: true,
    carry: (line) => [`\u001b[31m${line.replace(' ', ' \u001b[1m')}\u001b[0m\u001b[K`],
  },
  { name: 'CRLF', isCertain: true, carry: (line) => [`${line}\r`] },
]

export const carryAll = (carrier: Carrier, lines: readonly string[]): readonly string[] => lines.flatMap(carrier.carry)
