import { createUiClient } from '../../spark-ui/ui-client.ts'

/** A process that polls one UI without pause and prints each sample that is not `alive`. Arguments: port, timeout. */
const [port, timeoutMs] = process.argv.slice(2).map(Number)
const uiClient = createUiClient()
const address = { scheme: 'http', host: '127.0.0.1', port: port ?? 0 } as const

let polls = 0
process.stdout.write('ready\n')
for (;;) {
  const { sample } = await uiClient.poll(address, null, timeoutMs ?? 0)
  polls += 1
  if (sample.kind !== 'alive') process.stdout.write(`${polls} ${JSON.stringify(sample)}\n`)
}
