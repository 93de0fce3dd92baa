import { change, raiseMemory, rerun, setConf } from '../findings/remedies.ts'
import { fromExecutors, inLog } from '../log/matcher.ts'
import type { Rule } from './rule.ts'

/** Findings that follow from any exception that ends the driver. */
export const ends = ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION', 'SPN-APPLICATION-CONTEXT-STOPPED'] as const

/** Limits that Spark itself enforces, and the executors' memory. Sources: TaskSetManager.canFetchMoreResults, QueryExecutionErrors, ExecutorPodsLifecycleManager (4.0.1). */
export const jobMemoryRules: readonly Rule[] = [
  {
    id: 'SPN-MEMORY-MAX-RESULT-SIZE',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'A result was larger than spark.driver.maxResultSize',
    detail: 'A result was larger than spark.driver.maxResultSize: {size} of {tasks} tasks',
    meaning:
      'Spark aborted the job before its result could fill the driver’s heap. The limit protects the driver: raise it only together with the heap.',
    matchers: [
      inLog('Total size of serialized results of {tasks} tasks ({size}) is bigger than spark.driver.maxResultSize', [
        'uncaught',
        'error',
        'executor',
        'printed',
      ]),
    ],
    explains: [...ends, 'SPN-APPLICATION-JOB-ABORTED', 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'],
    remedies: [
      change('Write the result to storage or limit it, instead of using collect() or toPandas()'),
      setConf('spark.driver.maxResultSize', '2g', 'Allow larger results, if the heap can hold them'),
      raiseMemory('spark.driver.memory', 'Give the driver a larger heap'),
    ],
  },
  {
    id: 'SPN-MEMORY-BROADCAST',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'A table was too large to broadcast',
    meaning:
      'The driver collects a table before it broadcasts it. This table did not fit into the heap, or exceeded Spark’s broadcast limit or spark.driver.maxResultSize.',
    matchers: [
      inLog('Size of broadcasted table far exceeds estimates and exceeds limit of spark.driver.maxResultSize'),
      inLog('Not enough memory to build and broadcast the table to all worker nodes'),
      inLog('Cannot broadcast the table that is larger than {limit}'),
      inLog('Cannot broadcast the table over {limit} rows'),
    ],
    explains: [...ends, 'SPN-MEMORY-HEAP', 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'],
    remedies: [
      setConf(
        'spark.sql.autoBroadcastJoinThreshold',
        '-1',
        'Disable automatic broadcasts; explicit broadcast hints still apply',
      ),
      raiseMemory('spark.driver.memory', 'Give the driver a larger heap'),
    ],
  },
  {
    id: 'SPN-MEMORY-PYTHON',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'Python could not allocate memory',
    detail: 'Python could not allocate {size}',
    meaning:
      'Python’s memory is outside the Java heap. The process reached a limit of its own (spark.executor.pyspark.memory), or asked for more than there is.',
    matchers: [
      inLog('MemoryError: Unable to allocate {size} for an array', ['uncaught', 'error']),
      inLog('MemoryError: Unable to allocate {size}', ['uncaught', 'error']),
      inLog('^MemoryError', ['uncaught', 'error']),
      inLog('^OSError: [Errno 12] Cannot allocate memory', ['uncaught', 'error']),
    ],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      raiseMemory('spark.driver.memoryOverhead', 'Give Python more memory outside the driver’s heap'),
      change('Hold less data in Python at once: no toPandas() of a large result, smaller batches'),
    ],
    onExecutors: {
      when: 'thrown',
      remedies: [
        setConf('spark.executor.memoryOverhead', '2g', 'Give the Python workers of the executors more memory'),
        change(
          'Hold less data in Python at once, for example with a smaller spark.sql.execution.arrow.maxRecordsPerBatch',
        ),
      ],
    },
  },
  {
    id: 'SPN-MEMORY-PYTHON-WORKER',
    cause: 'memory',
    severity: 'error',
    confidence: 'low',
    title: 'A Python worker ended without an exception',
    meaning:
      'Spark runs Python functions in processes of their own. One ended and reported nothing. Either the kernel killed it for its memory, a native library crashed (pandas, NumPy, Arrow), or the function called sys.exit.',
    matchers: [inLog('Python worker exited unexpectedly (crashed)', ['uncaught', 'error'])],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      setConf('spark.executor.memoryOverhead', '2g', 'Give the Python workers of the executors more memory'),
      setConf('spark.python.worker.faulthandler.enabled', 'true', 'Or let a worker that crashes print its traceback'),
    ],
  },
  {
    id: 'SPN-MEMORY-GPU',
    cause: 'memory',
    severity: 'error',
    confidence: 'high',
    title: 'The memory of a GPU is full',
    meaning:
      'The memory of a GPU is separate from that of the pod, so that no memory setting of Spark changes it. Other processes on the same GPU count too.',
    matchers: [
      inLog('CUDA out of memory', ['uncaught', 'error']),
      inLog('CUDA error: out of memory', ['uncaught', 'error']),
      inLog('cudaErrorMemoryAllocation', ['uncaught', 'error']),
      inLog('CUDA_ERROR_OUT_OF_MEMORY', ['uncaught', 'error', 'output']),
    ],
    explains: [...ends, 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J', 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change('Process smaller batches, or use a smaller model'),
      change('Let fewer tasks share a GPU: a larger spark.task.resource.gpu.amount, or fewer cores per executor'),
    ],
  },
  {
    id: 'SPN-MEMORY-EXECUTOR-OOM',
    cause: 'memory',
    severity: 'error',
    confidence: 'medium',
    title: 'Executors ran out of memory',
    meaning:
      'Tasks failed with an OutOfMemoryError, or executors were killed at their memory limit. The driver only reports the failures, and aborts the job when a task has failed too often.',
    matchers: [
      fromExecutors('java.lang.OutOfMemoryError: '),
      fromExecutors('org.apache.spark.memory.SparkOutOfMemoryError'),
      fromExecutors('SIGKILL, possible container OOM'),
      fromExecutors('JVM OOM'),
    ],
    explains: [
      'SPN-APPLICATION-JOB-ABORTED',
      'SPN-APPLICATION-EXECUTOR-FAILURES',
      'SPN-NODE-SHUFFLE-LOST',
      'SPN-EXIT-*',
    ],
    remedies: [
      setConf('spark.executor.memory', '4g', 'Give the executors a larger heap'),
      setConf(
        'spark.executor.memoryOverhead',
        '1g',
        'If executors were killed, give them more memory outside the heap',
      ),
      change('Use more, smaller partitions (spark.sql.shuffle.partitions), and check for skewed keys'),
      rerun('Run it again, if the data was unusually large only this time'),
    ],
  },
]
