import { change, inspect, raiseMemory, setConf } from '../findings/remedies.ts'
import { inLog, inOutput } from '../log/matcher.ts'
import { ends } from './job-memory.ts'
import { item, observed, type Rule } from './rule.ts'

/**
 * Memory of the driver, inside and outside of its heap. The JVM's sentences: OpenJDK 17 and 21,
 * src/hotspot/share/utilities/debug.cpp (report_java_out_of_memory), memory/universe.cpp, java.nio.Bits; Spark's:
 * TaskSetManager.canFetchMoreResults, QueryExecutionErrors, ExecutorPodsLifecycleManager (4.0.1).
 */
export const memoryRules: readonly Rule[] = [
  {
    id: 'SPN-MEMORY-CONTAINER-OOM',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The kernel killed the driver: its container was at its memory limit',
    meaning:
      'The container as a whole used more than its limit; the heap may have had room. What lies beside the heap is threads, ' +
      'direct buffers, metaspace, code cache, Python processes and files in memory-backed volumes. The limit is ' +
      'spark.driver.memory plus spark.driver.memoryOverhead.',
    matchers: [
      observed('a container of the driver that ended with reason OOMKilled', ({ exit, pod }) => {
        if (exit?.reason !== 'OOMKilled') return undefined
        const limit = pod?.driver.memoryLimit ?? null
        const bound = limit === null ? '' : `, memory limit ${limit}`
        const details: Record<string, string> = limit === null ? {} : { limit }
        return { evidence: [item('pod', `driver container: OOMKilled, exit code ${exit.exitCode}${bound}`)], details }
      }),
    ],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J*', 'SPN-HANG-*'],
    remedies: [
      raiseMemory('spark.driver.memoryOverhead', 'Give the driver more memory beside its heap'),
      inspect('See what the driver used before it died', 'kubectl -n {namespace} top pod {pod} --containers'),
    ],
  },
  {
    id: 'SPN-MEMORY-HEAP',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The Java heap of the driver is full',
    meaning:
      'The driver needed more objects at once than spark.driver.memory holds: a collect() or toPandas() of a large result, a ' +
      'large broadcast, very many partitions or files, or a leak in the application.',
    matchers: [
      inLog('^java.lang.OutOfMemoryError: Java heap space'),
      inOutput('^Terminating due to java.lang.OutOfMemoryError: Java heap space'),
      inOutput('^Aborting due to java.lang.OutOfMemoryError: Java heap space'),
      inOutput('^# java.lang.OutOfMemoryError: Java heap space'),
      observed('exit code 52, by which Spark tells an OutOfMemoryError that nothing caught', ({ exit }) =>
        exit?.exitCode === 52 ? { evidence: [item('pod', 'driver container: exit code 52')] } : undefined,
      ),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J*', 'SPN-HANG-*', 'SPN-MEMORY-GC-OVERHEAD'],
    remedies: [
      raiseMemory('spark.driver.memory', 'Give the driver a larger heap'),
      change(
        'Bring less to the driver: write the result out, or take a limit of it, instead of collect() or toPandas()',
      ),
    ],
  },
  {
    id: 'SPN-MEMORY-GC-OVERHEAD',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver did little but collect garbage',
    meaning:
      'The JVM gave up after more than 98 % of its time went into garbage collection that freed next to nothing. The heap is ' +
      'too small for what the driver keeps.',
    matchers: [
      inLog('^java.lang.OutOfMemoryError: GC overhead limit exceeded'),
      inOutput('^Terminating due to java.lang.OutOfMemoryError: GC overhead limit exceeded'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J*', 'SPN-HANG-*'],
    remedies: [
      raiseMemory('spark.driver.memory', 'Give the driver a larger heap'),
      change(
        'Bring less to the driver, and keep fewer stages in its UI (spark.ui.retainedJobs, spark.ui.retainedStages)',
      ),
    ],
  },
  {
    id: 'SPN-MEMORY-METASPACE',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver is out of metaspace',
    meaning:
      'More classes were loaded than -XX:MaxMetaspaceSize allows: many generated classes, or a leak of class loaders.',
    matchers: [
      inLog('^java.lang.OutOfMemoryError: Metaspace'),
      inLog('^java.lang.OutOfMemoryError: Compressed class space'),
      inOutput('^Terminating due to java.lang.OutOfMemoryError: Metaspace'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-HANG-*'],
    remedies: [
      setConf(
        'spark.driver.extraJavaOptions',
        '-XX:MaxMetaspaceSize=512m',
        'Allow more metaspace, added to the options that are there',
      ),
      raiseMemory('spark.driver.memoryOverhead', 'Give the container room for it'),
    ],
  },
  {
    id: 'SPN-MEMORY-DIRECT',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver is out of direct memory',
    meaning:
      'Buffers outside of the heap (network, shuffle) reached -XX:MaxDirectMemorySize, which is the heap size unless set.',
    matchers: [
      inLog('^java.lang.OutOfMemoryError: Direct buffer memory'),
      inLog('^java.lang.OutOfMemoryError: Cannot reserve {bytes} bytes of direct buffer memory'),
      inLog('io.netty.util.internal.OutOfDirectMemoryError: failed to allocate {bytes} byte(s) of direct memory'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-HANG-*'],
    remedies: [
      setConf(
        'spark.driver.extraJavaOptions',
        '-XX:MaxDirectMemorySize=1g',
        'Allow more direct memory, added to the options that are there',
      ),
      raiseMemory('spark.driver.memoryOverhead', 'Give the container room for it'),
    ],
  },
  {
    id: 'SPN-MEMORY-NATIVE-THREAD',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver could not start another thread',
    meaning:
      'The operating system refused a thread: the pod is at its limit of processes (podPidsLimit of the kubelet), or there is ' +
      'no memory left for stacks. Very many threads of the application, or a thread pool for each query, are usual causes.',
    matchers: [
      inLog('^java.lang.OutOfMemoryError: unable to create native thread'),
      inLog('^java.lang.OutOfMemoryError: unable to create new native thread'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-HANG-*'],
    remedies: [
      inspect(
        'Count the threads of a driver of this kind while it runs',
        'kubectl -n {namespace} exec {pod} -- cat /proc/1/cgroup',
      ),
      change('Let the application share its thread pools'),
      raiseMemory('spark.driver.memoryOverhead', 'Give the stacks more room'),
    ],
  },
  {
    id: 'SPN-MEMORY-NATIVE',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The JVM could not get memory from the operating system',
    meaning:
      'The JVM itself, not the program in it, found no memory: the container limit is too small for heap and JVM together.',
    matchers: [
      inOutput('# There is insufficient memory for the Java Runtime Environment to continue'),
      inOutput('os::commit_memory({address}, {bytes}, …) failed; error='),
      inOutput('Could not reserve enough space for {size} object heap'),
    ],
    explains: ends,
    remedies: [
      raiseMemory('spark.driver.memoryOverhead', 'Give the driver more memory beside its heap'),
      inspect('See whether the node is short of memory', 'kubectl describe node {node}'),
    ],
  },
  {
    id: 'SPN-MEMORY-ARRAY',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'One object of the driver was too large for the JVM',
    meaning: 'A single array was to have more than about two thousand million elements; no heap size helps.',
    matchers: [
      inLog('^java.lang.OutOfMemoryError: Requested array size exceeds VM limit'),
      inLog('^java.lang.OutOfMemoryError: Required length exceeds implementation limit'),
    ],
    explains: [...ends, 'SPN-MEMORY-HEAP'],
    remedies: [change('Bring the result to the driver in parts, or write it out from the executors')],
  },
]
