/** Scans a generated log and prints the time and the memory that the scan used, as one line of JSON. The first argument is the size in bytes. */
import { LogScan } from '../../../cli/log/scan.ts'
import { logMatchers } from '../../../cli/rules/catalogue.ts'
import { generatedLog, usualLines } from './generated-log.ts'

const bytes = Number(process.argv[2] ?? 1_000_000_000)
const last = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space'
const beforeMiB = process.memoryUsage().rss / 1024 ** 2
let highestMiB = beforeMiB
let pieces = 0
const startedMs = performance.now()
const scan = new LogScan(logMatchers)
for (const piece of generatedLog({ bytes, lines: usualLines, last })) {
  scan.write(piece)
  pieces += 1
  if (pieces % 16 === 0) highestMiB = Math.max(highestMiB, process.memoryUsage().rss / 1024 ** 2)
}
const { lines, hits } = scan.end()
const seconds = (performance.now() - startedMs) / 1000
console.log(
  JSON.stringify({
    bytes,
    lines,
    found: [...hits.keys()].some(({ phrase }) => phrase.text.includes('Java heap space')),
    seconds: Math.round(seconds * 10) / 10,
    mbPerSecond: Math.round(bytes / 1e6 / seconds),
    rssMiB: Math.round(highestMiB),
    grownMiB: Math.round(highestMiB - beforeMiB),
  }),
)
