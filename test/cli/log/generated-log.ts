/** The content of a generated log. */
export interface GeneratedLog {
  readonly bytes: number
  /** These lines are repeated until `bytes` is reached. */
  readonly lines: readonly string[]
  /** The last line of the log. */
  readonly last: string
}

export const usualLines: readonly string[] = [
  '26/11/22 14:32:51 INFO TaskSetManager: Starting task 1.0 in stage 12.0 (TID 104) (10.244.0.53,executor 1, partition 1, PROCESS_LOCAL, 9651 bytes) ',
  '26/11/22 14:32:51 INFO BlockManagerInfo: Added broadcast_12_piece0 in memory on 10.244.0.53:41649 (size: 4.1 KiB, free: 168.0 MiB)',
  '26/11/22 14:32:52 WARN TaskSetManager: Lost task 0.0 in stage 12.0 (TID 103) (10.244.0.53 executor 1): java.io.IOException: reset',
  '\tat org.apache.spark.scheduler.Task.run(Task.scala:147)',
  '\tat java.base/java.lang.Thread.run(Thread.java:840)',
  'app: job 12 done, executors 1',
  '26/11/22 14:32:53 INFO DAGScheduler: Job 12 finished: count at App.java:10, took 2162.148338 ms',
]

/** Yields the log in pieces of about 256 KiB. Only one piece is in memory at a time. */
export function* generatedLog({ bytes, lines, last }: GeneratedLog): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  const round = `${lines.join('\n')}\n`
  const piece = encoder.encode(round.repeat(Math.max(1, Math.ceil(262_144 / round.length))))
  for (let yielded = 0; yielded < bytes; yielded += piece.length) yield piece
  yield encoder.encode(`${last}\n`)
}
