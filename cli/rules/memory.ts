import { change, inspect, raiseMemory, setConf } from '../findings/remedies.ts'
import { inDriver, inLog, inOutput } from '../log/matcher.ts'
import { ends } from './job-memory.ts'
import { item, observed, type Rule } from './rule.ts'

/**
 * Memory of the driver, on and off the heap. Sources of the JVM's messages: OpenJDK 17 and 21,
 * src/hotspot/share/utilities/debug.cpp (report_java_out_of_memory), memory/universe.cpp, java.nio.Bits. Sources of Spark's messages:
 * TaskSetManager.canFetchMoreResults, QueryExecutionErrors, ExecutorPodsLifecycleManager (4.0.1).
 */
export const memoryRules: readonly Rule[] = [
  {
    id: 'SPN-MEMORY-CONTAINER-OOM',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver container exceeded its memory limit and the kernel killed it',
    meaning:
      'The container as a whole used more memory than its limit, even if the heap had room. Threads, direct buffers, metaspace, code cache, Python processes and files in memory-backed volumes also count. The limit is spark.driver.memory plus spark.driver.memoryOverhead.',
    matchers: [
      observed('the driver container ended with reason OOMKilled', ({ exit, pod }) => {
        if (exit?.reason !== 'OOMKilled') return undefined
        const limit = pod?.driver.memoryLimit ?? null
        const bound = limit === null ? '' : `, memory limit ${limit}`
        const details: Record<string, string> = limit === null ? {} : { limit }
        return { evidence: [item('pod', `driver container: OOMKilled, exit code ${exit.exitCode}${bound}`)], details }
      }),
    ],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J*', 'SPN-HANG-*'],
    remedies: [
      raiseMemory('spark.driver.memoryOverhead', 'Give the driver more memory outside its heap'),
      inspect('Check how much memory the containers use', 'kubectl -n {namespace} top pod {pod} --containers'),
    ],
  },
  {
    id: 'SPN-MEMORY-HEAP',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The Java heap of the driver is full',
    meaning:
      'The driver needed more memory for objects than spark.driver.memory allows. Typical causes are collect() or toPandas() of a large result, a large broadcast, very many partitions or files, or a memory leak in the application.',
    matchers: [
      inDriver('^java.lang.OutOfMemoryError: Java heap space'),
      inOutput('^Terminating due to java.lang.OutOfMemoryError: Java heap space'),
      inOutput('^Aborting due to java.lang.OutOfMemoryError: Java heap space'),
      inOutput('^# java.lang.OutOfMemoryError: Java heap space'),
      observed('exit code 52, which Spark uses for an uncaught OutOfMemoryError', ({ exit }) =>
        exit?.exitCode === 52 ? { evidence: [item('pod', 'driver container: exit code 52')] } : undefined,
      ),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J*', 'SPN-HANG-*', 'SPN-MEMORY-GC-OVERHEAD'],
    remedies: [
      raiseMemory('spark.driver.memory', 'Give the driver a larger heap'),
      change(
        'Collect less data on the driver: write the result to storage or limit it, instead of using collect() or toPandas()',
      ),
    ],
  },
  {
    id: 'SPN-MEMORY-GC-OVERHEAD',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver spent almost all its time in garbage collection',
    meaning:
      'More than 98 % of the JVM’s time went into garbage collection that freed almost no memory, so the JVM threw an OutOfMemoryError. The heap is too small for the data that the driver keeps.',
    matchers: [
      inDriver('^java.lang.OutOfMemoryError: GC overhead limit exceeded'),
      inOutput('^Terminating due to java.lang.OutOfMemoryError: GC overhead limit exceeded'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J*', 'SPN-HANG-*'],
    remedies: [
      raiseMemory('spark.driver.memory', 'Give the driver a larger heap'),
      change(
        'Collect less data on the driver, and keep fewer jobs and stages in its UI (spark.ui.retainedJobs, spark.ui.retainedStages)',
      ),
    ],
  },
  {
    id: 'SPN-MEMORY-METASPACE',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver ran out of metaspace',
    meaning:
      'The driver loaded more classes than -XX:MaxMetaspaceSize allows. Typical causes are many generated classes, or a class loader leak.',
    matchers: [
      inDriver('^java.lang.OutOfMemoryError: Metaspace'),
      inDriver('^java.lang.OutOfMemoryError: Compressed class space'),
      inOutput('^Terminating due to java.lang.OutOfMemoryError: Metaspace'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-HANG-*'],
    remedies: [
      setConf(
        'spark.driver.extraJavaOptions',
        '-XX:MaxMetaspaceSize=512m',
        'Allow more metaspace; keep the options that are already set',
      ),
      raiseMemory('spark.driver.memoryOverhead', 'Raise the container limit accordingly'),
    ],
  },
  {
    id: 'SPN-MEMORY-DIRECT',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver ran out of direct memory',
    meaning:
      'Buffers outside the heap (network, shuffle) reached -XX:MaxDirectMemorySize. If that option is not set, the limit is the heap size.',
    matchers: [
      inDriver('^java.lang.OutOfMemoryError: Direct buffer memory'),
      inDriver('^java.lang.OutOfMemoryError: Cannot reserve {bytes} bytes of direct buffer memory'),
      inDriver('io.netty.util.internal.OutOfDirectMemoryError: failed to allocate {bytes} byte(s) of direct memory'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-HANG-*'],
    remedies: [
      setConf(
        'spark.driver.extraJavaOptions',
        '-XX:MaxDirectMemorySize=1g',
        'Allow more direct memory; keep the options that are already set',
      ),
      raiseMemory('spark.driver.memoryOverhead', 'Raise the container limit accordingly'),
    ],
  },
  {
    id: 'SPN-MEMORY-NATIVE-THREAD',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The driver could not start another thread',
    meaning:
      'The operating system refused to create a thread. Either the pod reached its process limit (podPidsLimit of the kubelet), or there is no memory left for thread stacks. Typical causes are an application with very many threads, or one thread pool per query.',
    matchers: [
      inDriver('^java.lang.OutOfMemoryError: unable to create native thread'),
      inDriver('^java.lang.OutOfMemoryError: unable to create new native thread'),
    ],
    statesWhileRunning: ['uncaught', 'thread'],
    explains: [...ends, 'SPN-HANG-*'],
    remedies: [
      inspect(
        'Count the threads while the driver is running',
        'kubectl -n {namespace} exec {pod} -c {container} -- sh -c "grep Threads /proc/[0-9]*/status"',
      ),
      change('Change the application to share its thread pools'),
      raiseMemory('spark.driver.memoryOverhead', 'Give the thread stacks more memory'),
    ],
  },
  {
    id: 'SPN-MEMORY-NATIVE',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The JVM could not allocate memory from the operating system',
    meaning:
      'The JVM itself, not the application, could not allocate memory. The container limit is too small for the heap plus the JVM’s own memory.',
    matchers: [
      inOutput('# There is insufficient memory for the Java Runtime Environment to continue'),
      inOutput('os::commit_memory({address}, {bytes}, …) failed; error='),
      inOutput('Could not reserve enough space for {size} object heap'),
    ],
    explains: ends,
    remedies: [
      raiseMemory('spark.driver.memoryOverhead', 'Give the driver more memory outside its heap'),
      inspect('Check whether the node is short of memory', 'kubectl describe node {node}'),
    ],
  },
  {
    id: 'SPN-MEMORY-ARRAY',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'An object in the driver was too large for the JVM',
    meaning:
      'The driver tried to allocate a single array with more than about two billion elements. A larger heap does not help.',
    matchers: [
      inDriver('^java.lang.OutOfMemoryError: Requested array size exceeds VM limit'),
      inDriver('^java.lang.OutOfMemoryError: Required length exceeds implementation limit'),
    ],
    explains: [...ends, 'SPN-MEMORY-HEAP'],
    remedies: [change('Collect the result in parts, or write it to storage from the executors')],
  },
  {
    id: 'SPN-MEMORY-STACK',
    cause: 'memory',
    severity: 'error',
    confidence: 'medium',
    title: 'A thread used up its stack (StackOverflowError)',
    meaning:
      'Spark walks through a query plan, a lineage or a closure recursively. A deep one needs more stack than the JVM gives a thread. Typical causes are hundreds of columns, unions or iterations in a loop, or a recursion of the program that does not end.',
    matchers: [inLog('^java.lang.StackOverflowError')],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      setConf(
        'spark.driver.extraJavaOptions',
        '-Xss16m',
        'Give the threads a larger stack; keep the options that are already set',
      ),
      change(
        'Break the plan up: checkpoint() or write intermediate results in loops, and select() all columns at once',
      ),
    ],
    onExecutors: {
      when: 'thrown',
      remedies: [
        setConf(
          'spark.executor.extraJavaOptions',
          '-Xss16m',
          'Give the threads a larger stack; keep the options that are already set',
        ),
        change('Break the lineage up with checkpoint(), and make nested data less deep'),
      ],
    },
  },
]
