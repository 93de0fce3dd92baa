import { readEffectiveConf } from '../evidence/effective-conf.ts'
import { change, inspect, raiseMemory, setConf } from '../findings/remedies.ts'
import { inLog, inOutput } from '../log/matcher.ts'
import { parseKeyName } from '../spark-conf/key-spelling.ts'
import { endingException, logSource } from './facts.ts'
import { item, observed, type Rule } from './rule.ts'

const ends = ['SPN-EXIT-*', 'SPN-APPLICATION-EXCEPTION', 'SPN-APPLICATION-PYTHON', 'SPN-APPLICATION-PY4J'] as const

/**
 * Settings that cannot be as they are. Sentences: org.apache.spark.internal.config.ConfigBuilder and ConfigEntry,
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
    title: 'A setting has a value that Spark does not take',
    detail: 'The setting {key} has a value that Spark does not take',
    meaning:
      'Spark reads its settings when the context or the query starts, and ends with the first that it cannot read.',
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
      change('Correct the value; sizes are like 512m or 4g, times like 30s'),
      inspect('See what the driver was given', 'kubectl -n {namespace} get configmap {confMap} -o yaml'),
    ],
  },
  {
    id: 'SPN-CONFIG-HEAP-TOO-SMALL',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The heap is smaller than Spark needs to start',
    detail: 'The heap is smaller than Spark needs to start: {memory} bytes of at least {minimum}',
    meaning:
      'Spark reserves 300 MiB of the heap for itself and wants half as much again: about 450 MiB, less what the JVM keeps.',
    matchers: [
      inLog('System memory {memory} must be at least {minimum}. Please increase heap size'),
      inLog('System memory {memory} must be at least {minimum}.'),
      inLog('Executor memory {memory} must be at least {minimum}.'),
    ],
    explains: ends,
    remedies: [raiseMemory('spark.driver.memory', 'Give the driver a heap of 512m or more')],
  },
  {
    id: 'SPN-CONFIG-JVM-OPTIONS',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The JVM did not start: an option of it is wrong',
    detail: 'The JVM did not start: {option}',
    meaning:
      'An option in spark.driver.extraJavaOptions, JDK_JAVA_OPTIONS or JAVA_TOOL_OPTIONS does not exist in this Java, or contradicts another.',
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
        'Correct spark.driver.extraJavaOptions for the Java version of the image; the heap is set by spark.driver.memory',
      ),
    ],
  },
  {
    id: 'SPN-CONFIG-CONFLICT',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'Settings contradict each other or one is missing',
    detail: 'Settings contradict each other or one is missing: {problem}',
    meaning: 'Spark checks some settings against each other and ends when they cannot hold together.',
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
        'With dynamic allocation on Kubernetes: track shuffles, as there is no external shuffle service',
      ),
      change('Else correct the settings that the message names'),
    ],
  },
  {
    id: 'SPN-CONFIG-DRIVER-POD',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'Spark does not find its own driver’s pod',
    detail: 'Spark does not find its own driver’s pod {name}',
    meaning:
      'spark.kubernetes.driver.pod.name or spark.kubernetes.namespace names another pod than the one that the driver runs in.',
    matchers: [inLog('No pod was found named {name} in the cluster in the namespace')],
    explains: ends,
    remedies: [
      change('Leave spark.kubernetes.driver.pod.name to Spark, or set it to the pod’s own name, and the namespace too'),
    ],
  },
  {
    id: 'SPN-CONFIG-SCHEDULER',
    cause: 'config',
    severity: 'error',
    confidence: 'low',
    title: 'Spark could not set up the scheduler of its executors',
    meaning:
      'The cause stands in the last “Caused by”; no rule knows it. The master URL, the namespace and the service account are the usual suspects.',
    matchers: [inLog('^org.apache.spark.SparkException: External scheduler cannot be instantiated', ['uncaught'])],
    fallback: true,
    explains: ends,
    remedies: [inspect('Read the causes', 'kubectl -n {namespace} logs {pod} | grep -A1 "Caused by"')],
  },
  {
    id: 'SPN-CONFIG-EVENT-LOG',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The event log cannot be written',
    detail: 'The event log cannot be written: {dir}',
    meaning:
      'With spark.eventLog.enabled the driver ends when the directory does not exist, or holds a log of the same application id ' +
      'already: a second driver in the same pod needs an id of its own, which spark-nanny gives it.',
    matchers: [
      inLog('^java.io.IOException: Target log directory already exists ({dir})'),
      inLog('Target log directory already exists'),
      inLog('^java.io.FileNotFoundException: File file:/tmp/spark-events does not exist'),
      inLog('^java.lang.IllegalArgumentException: Log directory {dir} is not a directory'),
      observed('an uncaught “does not exist” about spark.eventLog.dir', (facts) => {
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
      setConf('spark.eventLog.dir', 'DIRECTORY', 'Name a directory that exists and that all drivers can reach'),
      setConf(
        'spark.eventLog.overwrite',
        'true',
        'Or overwrite the log of the attempt before, which loses its history',
      ),
    ],
  },
  {
    id: 'SPN-CONFIG-IGNORED-KEY',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'A setting was ignored: it is none of Spark’s',
    detail: 'The setting {key} was ignored: it is none of Spark’s',
    meaning:
      'Settings must begin with `spark.`; what does not is left out, for instance Hadoop’s without the prefix spark.hadoop.',
    matchers: [
      inLog('Ignoring non-Spark config property: {key}', ['warning', 'output']),
      inLog('^Warning: Ignoring non-Spark config property: {key}', ['output']),
    ],
    remedies: [change('Write spark.hadoop.{key} for a setting of Hadoop, or leave it out')],
  },
  {
    id: 'SPN-CONFIG-MISSPELT-KEY',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'A setting is none that Spark knows, and close to one that it does',
    detail: 'The setting {key} is none that Spark knows: {nearest} is',
    meaning: 'Spark says nothing about settings that it does not know; it goes on with its default.',
    matchers: [
      observed(
        'a setting in the ConfigMap, arguments or SparkApplication that differs by a few letters',
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
      inspect('See all that is wrong with it', 'spark-nanny validate -n {namespace} {application}'),
    ],
  },
]
