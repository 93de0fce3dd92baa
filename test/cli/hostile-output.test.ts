import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { outputForms } from '../../cli/render/report.ts'
import { runInCluster } from './commands/check/fake-cluster.ts'
import { driver, healthyCluster, issueLeafDaysAgo, replica, withObjects } from './commands/check/installed.ts'
import { application, exited, fullHeapLog, pod } from './commands/recover/driver-case.ts'
import { fakeOperator } from './commands/recover/fake-operator.ts'
import { assertHonest, hostileChoices, hostileText, makeHostile } from './hostile-words.ts'
import { capturedObject, type Ran, runCli } from './run-cli.ts'

/** Colors of the program: bold, dim, red, green, yellow, and their ends. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are searched for
const colors = /\u001b\[(1|2|22|31|32|33|39)m/g

const terminal = { isTerminal: { stdout: true, stderr: false }, env: { TERM: 'xterm' } }

const driverPod = await capturedObject('driver-pod.spark-submit.json')
const events = {
  items: [
    {
      reason: 'Failed',
      message: 'Failed to pull image "r.example/spark:4": not found',
      type: 'Warning',
      lastTimestamp: '2026-11-24T12:00:00Z',
      involvedObject: { kind: 'Pod', name: 'nightly-driver' },
    },
  ],
}
const note = {
  collectedAt: '2026-11-24T12:00:00Z',
  subject: { namespace: 'jobs', pod: 'nightly-driver', application: 'nightly' },
  unknown: [{ what: 'node', source: 'node node1', why: 'HTTP 403: forbidden' }],
}
const log = `${fullHeapLog}26/11/24 11:39:59 ERROR X: java.net.UnknownHostException: db${hostileText.replaceAll('\n', ' ')}\n`

/** The files of a bundle whose objects have hostile texts. */
const toBundle = (choose: () => boolean): Readonly<Record<string, string>> => ({
  'b/pod.json': JSON.stringify(makeHostile(pod(exited(1), 'Failed'), choose)),
  'b/application.json': JSON.stringify(makeHostile(application(), choose)),
  'b/events.json': JSON.stringify(makeHostile(events, choose)),
  'b/bundle.json': JSON.stringify(makeHostile(note, choose)),
  'b/spark.properties': `spark.app.name=x\nspark.driver.memory=1q${JSON.stringify(hostileText).slice(1, -1)}\n`,
  'b/driver.log': log,
})

async function assertOutput(ran: Promise<Ran>, own: RegExp | null = null): Promise<void> {
  const { stdout, stderr } = await ran
  assertHonest(stdout, own)
  assertHonest(stderr, null)
}

const check = (run: (choose: () => boolean) => Promise<void>, numRuns = 12) =>
  fc.assert(fc.asyncProperty(hostileChoices, run), { numRuns })

describe('output about hostile objects', () => {
  for (const form of outputForms) {
    test(`diagnose --bundle -o ${form} → no control or invisible characters, and no forged lines`, () =>
      check((choose) => {
        const files = toBundle(choose)
        const missing = (path: string) => Promise.reject(Object.assign(new Error(path), { code: 'ENOENT' }))
        const read = {
          readFile: async (path: string) => files[path] ?? missing(path),
          async *readBytes(path: string) {
            yield new TextEncoder().encode(files[path] ?? (await missing(path)))
          },
        }
        return assertOutput(runCli(['diagnose', '--bundle', 'b', '-o', form], {}, '', { ...read, ...terminal }), colors)
      }))

    test(`validate and preflight -o ${form} → the same`, () =>
      check(async (choose) => {
        const spec = { sparkConf: { 'spark.driver.memroy': '1x', [`spark.x${hostileText}`]: hostileText } }
        const object = makeHostile(application({ spec }), choose)
        const files = { f: JSON.stringify(object), y: stringify(object), c: `spark.driver.memory 1${hostileText}\n` }
        for (const file of Object.keys(files)) {
          await assertOutput(runCli(['validate', '-f', file, '-o', form], files, '', terminal), colors)
          await assertOutput(runCli(['preflight', file, '--offline', '-o', form], files, '', terminal), colors)
        }
      }))
  }

  for (const args of [[], ['--explain'], ['--explain', '-o', 'json']]) {
    test(`inject ${args.join(' ')} → the same`, () =>
      check(async (choose) => {
        const object = makeHostile(driverPod, choose)
        const files = { f: JSON.stringify(object), a: JSON.stringify(makeHostile(application(), choose)) }
        await assertOutput(runCli(['inject', '-f', 'f', '--application', 'a', ...args], files, '', terminal))
        // A block of YAML shows a text in several lines, all of which are indented.
        const { stdout, stderr } = await runCli(['inject', '-f', 'y', ...args], { y: stringify(object) }, '', terminal)
        assertHonest(stdout.replace(/^ +/gm, '. '), null)
        assertHonest(stderr, null)
      }))
  }

  test('inject of an AdmissionReview with hostile fields → the same', () =>
    check(async (choose) => {
      const text = await readFile(join(import.meta.dirname, '../data/admission/driver-pod.spark-submit.json'), 'utf8')
      await assertOutput(runCli(['inject', '-f', 'f'], { f: JSON.stringify(makeHostile(JSON.parse(text), choose)) }))
    }))

  test('hostile arguments → the error messages are the same', async () => {
    for (const args of [['diagnose', hostileText, 'x'], [hostileText], ['inject', '-f', hostileText], ['validate']]) {
      await assertOutput(runCli(args))
    }
    await assertOutput(runCli([hostileText, 'x', 'y'], {}, '', { calledAs: 'validate-spark-config' }))
  })

  for (const args of [['check'], ['check', '-o', 'json']]) {
    test(`${args.join(' ')} → the same`, async (t) => {
      const cluster = withObjects(healthyCluster(await issueLeafDaysAgo(1)), {
        '/api/v1/pods': [replica(1, false), driver(`x${hostileText}`, null), driver('old', `0.0.9${hostileText}`)],
      })
      const answers = { '/secrets/': { status: 403, body: { message: hostileText } } }
      const hostile = { ...cluster, version: `v1.36.3${hostileText}`, answers }
      await assertOutput(runInCluster(t, hostile, args, terminal), colors)
    })
  }

  for (const args of [[], ['-o', 'json'], ['--apply'], ['--apply', '-o', 'json']]) {
    test(`recover ${args.join(' ')} → the same`, async (t) => {
      const object = application({ message: hostileText, driver: { image: hostileText } })
      const crashed = pod(exited(1), 'Failed', {
        metadata: { finalizers: [hostileText] },
        status: { reason: 'Evicted', message: hostileText },
      })
      const cluster = await fakeOperator(t, { application: object, pod: crashed })
      cluster.log.text = log
      await assertOutput(cluster.recover(...args))
    })
  }
})
