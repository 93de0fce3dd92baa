import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { findTopFrame, parseThreads } from '../../../core/spark/threads.ts'

const capture = (version: string) =>
  readFileSync(join(import.meta.dirname, '../../data/spark-ui', version, 'threads.json'), 'utf8')

const thread = (threadId: number, threadName: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  threadId,
  threadName,
  threadState: 'RUNNABLE',
  stackTrace: { elems: ['app//Job.run(Job.java:7)'] },
  ...fields,
})
const parse = (...threads: readonly unknown[]) => parseThreads(JSON.stringify(threads))

describe('parseThreads', () => {
  for (const version of ['3.5.7', '4.0.1']) {
    test(`Spark ${version} → the threads that matter, with their frames`, () => {
      const { threads = [], others } = parseThreads(capture(version)) ?? {}
      assert.equal(others, 'sleeping', 'a query sleeps in its sink')
      assert.deepEqual(
        threads.map(({ name }) => name.replace(/ \[.*/, '')),
        [
          'dag-scheduler-event-loop',
          'main',
          'spark-listener-group-appStatus',
          'spark-listener-group-executorManagement',
          'spark-listener-group-shared',
          'spark-listener-group-streams',
          'stream execution thread for good',
          'stream execution thread for stuck',
        ],
      )
      const stuck = threads.at(-1)
      assert.equal(stuck?.state, 'TIMED_WAITING')
      assert.equal(stuck?.blockedBy, null)
      assert.equal(stuck?.frames.length, 30)
      assert.deepEqual(
        stuck?.frames.slice(0, 2).map((frame) => frame.replace(/[($].*/, '')),
        ['java.lang.Thread.sleep', 'Two.lambda'],
      )
      assert.ok(threads.every(({ frames }) => frames.every((frame) => !/\n|@17|app\/\//.test(frame))))
    })
  }

  test('every kind of thread that a verdict looks for → kept', () => {
    const names = [
      'main',
      'DestroyJavaVM',
      'dag-scheduler-event-loop',
      'spark-listener-group-shared',
      'stream execution thread for q [id = 1, runId = 2]',
      'JobGenerator',
      'JobScheduler',
      'streaming-job-executor-0',
      'HiveServer2-Handler-Pool: Thread-77',
      'org.apache.spark.sql.hive.thriftserver.Worker',
      'grpc-default-executor-1',
      'SparkConnectExecuteThread_opId=1',
    ]
    const dump = parse(...['pool-1', 'main-worker', ...names].map((name, id) => thread(id, name)))
    assert.deepEqual(
      dump?.threads.map(({ name }) => name),
      names,
    )
  })

  test('threads that wait for each other → kept, with the owner of each lock', () => {
    const dump = parse(
      thread(1, 'pool-1', { threadState: 'BLOCKED', blockedByThreadId: 2 }),
      thread(2, 'pool-2', { threadState: 'WAITING', lockOwnerId: 3 }),
      thread(3, 'pool-3'),
      thread(4, 'pool-4', { blockedByThreadId: -1 }),
    )
    assert.deepEqual(
      dump?.threads.map(({ id, blockedBy }) => [id, blockedBy]),
      [
        [1, 2],
        [2, 3],
        [3, null],
      ],
    )
  })

  const idleFrames = {
    'a selector': [
      'java.base@17.0.15/sun.nio.ch.EPoll.wait(Native Method)',
      'app//com.acme.Client.poll(Client.java:1)',
    ],
    'a selector of Java 8': ['sun.nio.ch.EPollArrayWrapper.epollWait(Native Method)'],
    'a selector of Netty': ['app//io.netty.channel.epoll.Native.epollWait0(Native Method)'],
    'an acceptor': [
      'java.base@17.0.15/sun.nio.ch.Net.accept(Native Method)',
      'app//org.sparkproject.jetty.server.ServerConnector.accept(ServerConnector.java:409)',
    ],
    'an acceptor with a timeout': [
      'java.base@17.0.15/sun.nio.ch.Net.poll(Native Method)',
      'java.base@17.0.15/sun.nio.ch.NioSocketImpl.park(NioSocketImpl.java:191)',
      'java.base@17.0.15/sun.nio.ch.NioSocketImpl.timedAccept(NioSocketImpl.java:701)',
      'app//com.acme.Server.run(Server.java:2)',
    ],
    'the watch of the Kubernetes API': [
      'java.base@17.0.15/sun.nio.ch.Net.poll(Native Method)',
      'java.base@17.0.15/sun.security.ssl.SSLSocketInputRecord.read(SSLSocketInputRecord.java:489)',
      'app//okio.RealBufferedSource.request(RealBufferedSource.kt:209)',
      'app//okhttp3.internal.ws.WebSocketReader.processNextFrame(WebSocketReader.kt:103)',
    ],
    'a server of the JDK': [
      'java.net.SocketInputStream.socketRead0(Native Method)',
      'sun.rmi.transport.tcp.Transport.run(T.java:1)',
    ],
    'the thread that makes the dump': ['java.management@17.0.15/sun.management.ThreadImpl.dumpThreads0(Native Method)'],
    'the gateway of Python': [
      'java.net.SocketInputStream.socketRead0(Native Method)',
      'app//py4j.GatewayConnection.run(GatewayConnection.java:230)',
    ],
    'the reader of what Python prints': [
      'java.base@17.0.15/java.io.FileInputStream.readBytes(Native Method)',
      'app//org.apache.spark.util.RedirectThread.$anonfun$run$1(Utils.scala:3082)',
    ],
    'the reaper of processes': ['java.base@17.0.15/java.lang.ProcessHandleImpl.waitForProcessExit0(Native Method)'],
    'a thread without frames': [],
  }
  const workingFrames = {
    'code of the application': [
      'app//com.acme.Train.step(Train.java:7)',
      'java.base@17.0.15/java.lang.Thread.run(Thread.java:840)',
    ],
    'code of the JDK': ['java.base@17.0.15/java.util.DualPivotQuicksort.sort(DualPivotQuicksort.java:3)'],
    'the lambda of a loop': [
      'app//com.acme.AcceptanceModel.lambda$fit$0(AcceptanceModel.java:7)',
      'java.base@17.0.15/java.util.stream.ForEachOps$ForEachOp$OfRef.accept(ForEachOps.java:183)',
      'java.base@17.0.15/java.util.ArrayList.forEach(ArrayList.java:1511)',
    ],
    'a read within a loop': [
      'java.net.SocketInputStream.socketRead0(Native Method)',
      'app//com.acme.Api.call(Api.java:3)',
      'java.util.function.Consumer.accept(Consumer.java:4)',
    ],
    'an answer from elsewhere': [
      'java.base@17.0.15/sun.nio.ch.Net.poll(Native Method)',
      'java.base@17.0.15/sun.nio.ch.NioSocketImpl.implRead(NioSocketImpl.java:309)',
      'app//com.acme.Api.call(Api.java:3)',
    ],
    'a write to elsewhere': [
      'java.net.SocketOutputStream.socketWrite0(Native Method)',
      'app//com.acme.Api.call(Api.java:3)',
    ],
    'a driver of a database': [
      'java.net.SocketInputStream.socketRead0(Native Method)',
      'app//org.postgresql.core.PGStream.receive(P.java:1)',
      'app//org.apache.spark.sql.jdbc.X.y(X.scala:1)',
    ],
  }
  const others = (name: string, state: string, elems: readonly string[]) =>
    parse(thread(1, 'main'), thread(2, name, { threadState: state, stackTrace: { elems } }))?.others
  for (const [what, elems] of Object.entries(idleFrames)) {
    test(`another thread is ${what} → idle`, () => assert.equal(others('pool-1-thread-1', 'RUNNABLE', elems), 'idle'))
  }
  for (const [what, elems] of Object.entries(workingFrames)) {
    test(`another thread is in ${what} → working`, () => {
      assert.equal(others('pool-1-thread-1', 'RUNNABLE', elems), 'working')
      assert.equal(others('pool-1-thread-1', 'WAITING', elems), 'idle')
      assert.equal(others('main', 'RUNNABLE', elems), 'idle', 'what main does is known apart')
    })
  }

  test('another thread waits for a child process → working', () => {
    const waits = [
      'java.base@17.0.15/java.lang.Object.wait(Native Method)',
      'java.base@17.0.15/java.lang.ProcessImpl.waitFor(ProcessImpl.java:434)',
    ]
    for (const state of ['WAITING', 'TIMED_WAITING']) assert.equal(others('pool-1', state, waits), 'working')
    assert.equal(others('main', 'WAITING', waits), 'idle', 'main may wait for Python, of which more is known')
  })

  test('another thread waits for a job of Spark → working', () => {
    const waits = [
      'java.base@17.0.15/jdk.internal.misc.Unsafe.park(Native Method)',
      'app//scala.concurrent.impl.Promise$DefaultPromise.tryAwait0(Promise.scala:243)',
      'app//org.apache.spark.scheduler.DAGScheduler.runJob(DAGScheduler.scala:1004)',
      'app//com.acme.Report.run(Report.java:7)',
    ]
    for (const state of ['WAITING', 'TIMED_WAITING']) assert.equal(others('pool-1', state, waits), 'working')
  })

  test('another thread sleeps in code of the application → sleeping, and working if one more works', () => {
    const sleep = ['java.base@17.0.15/java.lang.Thread.sleep(Native Method)']
    const sleeping = [...sleep, 'app//com.acme.Restart.run(Restart.java:4)']
    assert.equal(others('pool-1', 'TIMED_WAITING', sleeping), 'sleeping')
    assert.equal(others('pool-1', 'TIMED_WAITING', [...sleep, 'java.util.TimerThread.mainLoop(Timer.java:5)']), 'idle')
    assert.equal(
      others('reaper', 'TIMED_WAITING', [...sleep, 'com.amazonaws.http.IdleConnectionReaper.run(I.java:1)']),
      'idle',
    )
    const sleeper = thread(3, 'pool-1', { threadState: 'TIMED_WAITING', stackTrace: { elems: sleeping } })
    for (const list of [
      [sleeper, thread(4, 'pool-2')],
      [thread(4, 'pool-2'), sleeper],
    ]) {
      assert.equal(parse(thread(1, 'main'), ...list)?.others, 'working')
    }
  })

  test('servers and the remains of the main thread → kept', () => {
    const names = [
      'DestroyJavaVM',
      'HiveServer2-Handler-Pool: Thread-9',
      'grpc-default-executor-0',
      'SparkConnectServer',
    ]
    const { threads = [] } = parse(...names.map((name, id) => thread(id, name)), thread(9, 'SparkUI-Connector')) ?? {}
    assert.deepEqual(
      threads.map(({ name }) => name),
      names,
    )
  })

  test('a dump that is cut off anywhere → no reading', () => {
    const text = JSON.stringify([thread(1, 'main'), thread(2, '"} ]\\'), thread(3, 'x', { monitors: [[{}]] })])
    assert.equal(parseThreads(text)?.threads.length, 1)
    for (let length = 0; length < text.length; length += 1) assert.equal(parseThreads(text.slice(0, length)), undefined)
  })

  test('texts that are no dump → no reading', () => {
    for (const text of ['', '{}', 'null', '[{}]', '[{"threadId":"1"}]', '<html>', '[1]x', '[]]'])
      assert.equal(parseThreads(text), undefined, text)
    assert.deepEqual(parseThreads(' [ ] '), { threads: [], others: 'idle' })
  })

  test('any text → never throws, and stays within its bounds', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.object()).map((value) => JSON.stringify(value)),
    )
    fc.assert(fc.property(texts, (text) => void parseThreads(text)))
    const many = Array.from({ length: 2_000 }, (_, id) =>
      thread(id, 'main', { stackTrace: { elems: Array(99).fill('f'.repeat(999)) } }),
    )
    const { threads = [] } = parseThreads(JSON.stringify(many.slice(0, 400))) ?? {}
    assert.equal(threads.length, 300)
    assert.deepEqual([threads[0]?.frames.length, threads[0]?.frames[0]?.length], [30, 200])
    assert.equal(parseThreads(`[${'{"threadId":1},'.repeat(10_001)}{"threadId":1}]`), undefined)
  })
})

describe('topFrame', () => {
  for (const version of ['3.5.7', '4.0.1']) {
    test(`a query of Spark ${version} that sleeps in the application → the line of the application`, () => {
      const top = findTopFrame(parseThreads(capture(version)) ?? { threads: [], others: 'idle' })
      assert.match(top?.thread ?? '', /^stream execution thread for stuck /)
      assert.match(top?.frame ?? '', /^Two\.lambda\$main\$\w+\$1\(Two\.java:\d+\)$/)
    })
  }

  test('a thread that waits for a lock → preferred', () => {
    const dump = parse(
      thread(1, 'main', {
        threadState: 'BLOCKED',
        blockedByThreadId: 9,
        stackTrace: { elems: ['java.base@17/java.util.X.y(X.java:1)', 'a.B.c(B.java:2)'] },
      }),
      thread(2, 'stream execution thread for q [id = 1, runId = 2]'),
    )
    assert.deepEqual(findTopFrame(dump ?? { threads: [], others: 'idle' }), {
      thread: 'main',
      frame: 'a.B.c(B.java:2)',
    })
  })

  test('no thread that matters → null', () => {
    assert.equal(findTopFrame({ threads: [], others: 'idle' }), null)
    assert.equal(findTopFrame(parse(thread(1, 'main', { stackTrace: {} })) ?? { threads: [], others: 'idle' }), null)
  })
})
