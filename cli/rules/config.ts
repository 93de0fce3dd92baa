import { readEffectiveConf } from '../evidence/effective-conf.ts'
import { change, inspect, raiseMemory, setConf } from '../findings/remedies.ts'
import { inLog, inOutput } from '../log/matcher.ts'
import { parseKeyName } from '../spark-conf/key-spelling.ts'
import { missingVariable } from './exit-symptoms.ts'
import { endingException, logSource } from './facts.ts'
import { item, observed, type Rule } from './rule.ts'

const ends = ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION', 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'] as const

/**
 * Invalid settings. Sources of the messages: org.apache.spark.internal.config.ConfigBuilder and ConfigEntry,
 * network.util.JavaUtils (byteStringAs, timeStringAs), memory.UnifiedMemoryManager, SparkSubmitArguments,
 * ExecutorAllocationManager (3.5 and 4.0), error-conditions.json; OpenJDK's arguments.cpp; the kubelet's
 * kubelet_pods.go (makeEnvironmentVariables).
 */
export const configRules: readonly Rule[] = [
  {
    id: 'SPN-CONFIG-VALUE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A setting has an invalid value',
    detail: [
      'The setting {key} has an invalid value: {value}',
      'The setting {key} has an invalid value',
      'A setting has an invalid value: {value}',
    ],
    meaning: 'Spark reads its settings when the context or the query starts, and fails on the first invalid one.',
    matchers: [
      inLog('Illegal value for config key {key}: '),
      inLog('^java.lang.IllegalArgumentException: {key} should be {type}, but was {value}'),
      inLog('The value \'{value}\' in the config "{key}" is invalid'),
      inLog('^java.lang.IllegalArgumentException: The value of {key} should be one of'),
      inLog("^java.lang.IllegalArgumentException: '{value}' in {key} is invalid"),
      inLog('Size must be specified as bytes (b), kibibytes (k), mebibytes (m)'),
      inLog('Time must be specified as seconds (s), milliseconds (ms)'),
      inLog('Failed to parse byte string: {value}'),
      inLog('Failed to parse time string: {value}'),
      inLog('^org.apache.spark.SparkException: {key} must be a positive number'),
      inOutput('^Error: {key} must be a positive number'),
    ],
    explains: ends,
    remedies: [
      change('Correct the value: write sizes like 512m or 4g, and durations like 30s'),
      inspect('Read the settings that the driver received', 'kubectl -n {namespace} get configmap {confMap} -o yaml'),
    ],
  },
  {
    id: 'SPN-CONFIG-HEAP-TOO-SMALL',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The heap is too small for Spark to start',
    detail: 'The heap is too small for Spark to start: {memory} bytes, at least {minimum} required',
    meaning:
      'Spark reserves 300 MiB of the heap for itself and requires 1.5 times that, about 450 MiB. The JVM’s own share of the heap does not count.',
    matchers: [
      inLog('System memory {memory} must be at least {minimum}. Please increase heap size'),
      inLog('System memory {memory} must be at least {minimum}.'),
      inLog('Executor memory {memory} must be at least {minimum}.'),
    ],
    explains: ends,
    remedies: [raiseMemory('spark.driver.memory', 'Give the driver a heap of at least 512m')],
  },
  {
    id: 'SPN-CONFIG-JVM-OPTIONS',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The JVM did not start because a JVM option is invalid',
    detail: 'The JVM did not start: {option}',
    meaning:
      'An option in spark.driver.extraJavaOptions, JDK_JAVA_OPTIONS or JAVA_TOOL_OPTIONS does not exist in this Java version, or conflicts with another option.',
    matchers: [
      inOutput('^Unrecognized VM option {option}'),
      inOutput('^Unrecognized option: {option}'),
      inOutput('^Improperly specified VM option {option}'),
      inOutput('^Invalid maximum heap size: {option}'),
      inOutput('^Conflicting collector combinations in option list'),
      inOutput('^Error: Could not create the Java Virtual Machine'),
      inOutput('^Error: A fatal exception has occurred. Program will exit'),
      inOutput('is not allowed to specify max heap(Xmx) memory settings'),
      inOutput('is not allowed to specify max heap memory settings'),
    ],
    explains: ends,
    remedies: [
      change(
        'Correct spark.driver.extraJavaOptions for the image’s Java version; set the heap size with spark.driver.memory only',
      ),
    ],
  },
  {
    id: 'SPN-CONFIG-CONFLICT',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'Settings conflict, or a required setting is missing',
    detail: 'Settings conflict, or a required setting is missing: {problem}',
    meaning: 'Spark checks some settings against each other and exits if they conflict.',
    matchers: [
      inLog('^org.apache.spark.SparkException: Dynamic allocation of executors requires {problem}'),
      inLog('^org.apache.spark.SparkException: {problem} must be set in your configuration'),
      inLog('[INVALID_SPARK_CONFIG{problem}]'),
      inLog('spark.dynamicAllocation.minExecutors ({problem}'),
      inLog('^org.apache.spark.SparkException: Could not parse Master URL: {problem}'),
    ],
    explains: ends,
    remedies: [
      setConf(
        'spark.dynamicAllocation.shuffleTracking.enabled',
        'true',
        'If you use dynamic allocation: enable shuffle tracking, because Kubernetes has no external shuffle service',
      ),
      change('Otherwise, correct the settings that the message names'),
    ],
  },
  {
    id: 'SPN-CONFIG-KRYO-BUFFER',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'An object is larger than spark.kryoserializer.buffer.max',
    meaning:
      'Kryo serializes each object into one buffer, which may not grow beyond this limit (64m by default, below 2g).',
    matchers: [
      inLog('increase spark.kryoserializer.buffer.max', ['uncaught', 'error']),
      inLog('Kryo serialization failed: Buffer overflow', ['uncaught', 'error']),
    ],
    explains: [...ends, 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      setConf('spark.kryoserializer.buffer.max', '512m', 'Allow larger objects'),
      change('Or make the objects smaller: collect, broadcast and group less data at once'),
    ],
  },
  {
    id: 'SPN-CONFIG-MESSAGE-SIZE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A task is larger than spark.rpc.message.maxSize',
    meaning:
      'The driver sends each task to an executor in one message. Data that the program captured in its functions is part of it.',
    matchers: [inLog('exceeds max allowed: spark.rpc.message.maxSize', ['uncaught', 'error'])],
    explains: [...ends, 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change('Broadcast large values instead of capturing them, and read data with Spark instead of parallelize()'),
      setConf('spark.rpc.message.maxSize', '512', 'Or allow larger messages, in MiB'),
    ],
  },
  {
    id: 'SPN-CONFIG-IVY-HOME',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'Ivy’s cache is in a directory that cannot be written',
    meaning:
      'spark-submit stores spark.jars.packages in ~/.ivy2. The user of Spark’s image (185) has no home directory that it may write.',
    matchers: [
      inLog('basedir must be absolute: {dir}/.ivy2'),
      inLog('.ivy2/cache/{file} (No such file or directory)'),
      inLog('.ivy2.5.2/cache/{file} (No such file or directory)'),
      inLog('.ivy2{file} (Permission denied)'),
      inLog('.ivy2{file} (Read-only file system)'),
      inLog('.ivy2{file}: Permission denied'),
    ],
    explains: [...ends, 'SPN-CLASSPATH-FILE', 'SPN-CLASSPATH-JAR', 'SPN-PERMISSION-FILE', 'SPN-PERMISSION-STORAGE'],
    remedies: [setConf('spark.jars.ivy', '/tmp/.ivy2', 'Let Ivy use a directory that the pod may write')],
  },
  {
    id: 'SPN-CONFIG-DRIVER-POD',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'Spark cannot find its own driver pod',
    detail: 'Spark cannot find its own driver pod {name}',
    meaning:
      'spark.kubernetes.driver.pod.name or spark.kubernetes.namespace does not match the pod that the driver runs in.',
    matchers: [inLog('No pod was found named {name} in the cluster in the namespace')],
    explains: ends,
    remedies: [
      change(
        'Do not set spark.kubernetes.driver.pod.name, or set it and spark.kubernetes.namespace to the driver pod’s own name and namespace',
      ),
    ],
  },
  {
    id: 'SPN-CONFIG-ENVIRONMENT',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'An environment variable that the program reads is not set',
    detail: 'The environment variable {variable} is not set',
    meaning: 'The program reads the variable when it starts, and has no value to use instead.',
    matchers: [
      observed('a KeyError of Python’s os.environ is the root of the exception that ended the program', (facts) =>
        missingVariable(facts),
      ),
    ],
    explains: [...ends, 'SPN-APPLICATION-JOB-ABORTED'],
    remedies: [
      change(
        'Set it with spark.kubernetes.driverEnv.{variable} (spec.driver.env), or from a Secret with spark.kubernetes.driver.secretKeyRef.{variable}',
      ),
    ],
    onExecutors: {
      when: 'thrown',
      remedies: [change('Set it with spark.executorEnv.{variable} (spec.executor.env)')],
    },
  },
  {
    id: 'SPN-CONFIG-SCHEDULER',
    cause: 'config',
    severity: 'error',
    confidence: 'low',
    title: 'Spark could not create its executor scheduler',
    meaning:
      'The last “Caused by” in the log shows the cause, which is not a known one. Check the master URL, the namespace and the service account first.',
    matchers: [inLog('^org.apache.spark.SparkException: External scheduler cannot be instantiated', ['uncaught'])],
    fallback: true,
    explains: ends,
    remedies: [inspect('Read the causes in the log', 'kubectl -n {namespace} logs {pod} | grep -A1 "Caused by"')],
  },
  {
    id: 'SPN-CONFIG-EVENT-LOG',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'Spark cannot write the event log',
    detail: 'Spark cannot write the event log: {dir}',
    meaning:
      'If spark.eventLog.enabled is true, the driver exits when the directory does not exist or already contains a log with the same application ID. A second driver in the same pod needs its own application ID, which spark-nanny sets.',
    matchers: [
      inLog('^java.io.IOException: Target log directory already exists ({dir})'),
      inLog('Target log directory already exists'),
      inLog('^java.io.FileNotFoundException: File file:/tmp/spark-events does not exist'),
      inLog('^java.lang.IllegalArgumentException: Log directory {dir} is not a directory'),
      observed('an uncaught exception that the path in spark.eventLog.dir does not exist', (facts) => {
        const dir = readEffectiveConf(facts.evidence)
          .get('spark.eventLog.dir')
          ?.replace(/^file:(\/\/)?/, '')
        if (dir === undefined) return undefined
        const found = endingException(facts).find(({ text }) => text.endsWith(`${dir} does not exist`))
        if (found === undefined) return undefined
        const evidence = { source: logSource(facts), line: found.number, excerpt: found.text, count: 1 }
        return { evidence: [evidence], details: { dir } }
      }),
    ],
    explains: [...ends, 'SPN-CLASSPATH-FILE'],
    remedies: [
      change('Set spark.eventLog.dir to a directory that exists and that all drivers can access'),
      setConf('spark.eventLog.overwrite', 'true', 'Or overwrite the log of the previous attempt; its history is lost'),
    ],
  },
  {
    id: 'SPN-CONFIG-IGNORED-KEY',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'Spark ignored a setting that is not a Spark setting',
    detail: 'Spark ignored {key}, which is not a Spark setting',
    meaning:
      'Spark ignores settings that do not start with `spark.`, for example Hadoop settings without the prefix spark.hadoop.',
    matchers: [
      inLog('Ignoring non-Spark config property: {key}', ['warning', 'output']),
      inLog('^Warning: Ignoring non-Spark config property: {key}', ['output']),
    ],
    remedies: [change('If it is a Hadoop setting, write spark.hadoop.{key}; otherwise remove it')],
  },
  {
    id: 'SPN-CONFIG-MISSPELT-KEY',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'A setting is probably misspelled',
    detail: 'The setting {key} is unknown to Spark, did you mean {nearest}?',
    meaning: 'Spark does not report unknown settings. It uses the default value instead.',
    matchers: [
      observed(
        'a setting in the ConfigMap, arguments or SparkApplication that differs from a known one by a few letters',
        ({ evidence }) => {
          const found = [...readEffectiveConf(evidence).keys()].flatMap((key) => {
            const name = parseKeyName(key)
            return name.kind === 'misspelt' ? [{ key, nearest: name.nearest }] : []
          })
          const [first, ...rest] = found.map(({ key, nearest }) => item('conf', `${key}; did you mean ${nearest}?`))
          return first && { evidence: [first, ...rest], details: found[0] ?? {} }
        },
      ),
    ],
    remedies: [
      change('Correct {key}'),
      inspect('Check the whole configuration', 'spark-nanny validate -n {namespace} {application}'),
    ],
  },
]
