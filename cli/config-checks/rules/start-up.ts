import { distance } from 'fastest-levenshtein'
import { showValue } from '../../../core/json.ts'
import { submitSwitches, submitValueOptions } from '../../../core/spark/submit-arguments.ts'
import { createConfLookup, type EffectiveConf } from '../../spark-conf/effective-conf.ts'
import { formatValue } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationSubject, ValidationViolations, WrittenWord } from '../subject.ts'
import { isTrue, toEvidence } from './conflicts.ts'

/** Known reasons why a driver or its executors do not start. */
export const startUp: ValidateRule = (subject) => [
  ...(subject.mode === 'elsewhere'
    ? []
    : [
        ...executorCount(subject),
        ...resources(subject.conf),
        ...taskResources(subject.conf),
        ...shuffleService(subject.conf),
        ...eventLog(subject),
        ...ivyHome(subject),
      ]),
  ...optionsAfterMainFile(subject),
  ...unknownOptions(subject),
]

/** Like SparkSubmitArguments.validateSubmitArguments, which Apache's operator does not use. The CRD restricts kubeflow's field. */
function executorCount({ conf, operator }: ValidationSubject): ValidationViolations {
  const key = 'spark.executor.instances'
  const written = conf.entries.get(key)
  if (written === undefined || operator === 'apache' || written.field?.endsWith('executor.instances') === true)
    return []
  const isDynamic = isTrue(createConfLookup(conf)('spark.dynamicAllocation.enabled'))
  if (isDynamic || /^\s*\+?0*[1-9]\d*\s*$/.test(written.value) || written.value.includes('${')) return []
  const details = { key, value: showValue(written.value, 128), form: 'a whole number of at least 1' }
  return [{ check: 'value', details, evidence: toEvidence(conf, key) }]
}

const amountKey = /^spark\.(driver|executor)\.resource\.(.+)\.amount$/

/** Like KubernetesUtils.buildResourcesQuantities, and ResourceDiscoveryScriptPlugin of an executor. */
function resources(conf: EffectiveConf): ValidationViolations {
  return [...conf.entries].flatMap(([key, { value }]): ValidationViolations => {
    const [, role, name] = amountKey.exec(key) ?? []
    if (role === undefined || Number(value) === 0) return []
    const prefix = `spark.${role}.resource.${name}`
    const evidence = toEvidence(conf, key)
    if (!conf.entries.has(`${prefix}.vendor`)) {
      const problem = `is set, but ${prefix}.vendor is not; Kubernetes needs it`
      return [{ check: 'resource', details: { key, problem, missing: `${prefix}.vendor` }, evidence }]
    }
    const script = `${prefix}.discoveryScript`
    if (conf.entries.has(script) || conf.entries.has('spark.resources.discoveryPlugin')) return []
    const problem = `is set, but ${script} is not; the ${role} cannot find its addresses`
    return [{ check: 'resource', details: { key, problem, missing: script }, severity: 'warning', evidence }]
  })
}

/** A task can only have a resource that its executor has (ResourceProfile). */
function taskResources(conf: EffectiveConf): ValidationViolations {
  return [...conf.entries.keys()].flatMap((key): ValidationViolations => {
    const [, name] = /^spark\.task\.resource\.(.+)\.amount$/.exec(key) ?? []
    const missing = `spark.executor.resource.${name}.amount`
    if (name === undefined || conf.entries.has(missing)) return []
    const problem = `is set, but ${missing} is not`
    return [{ check: 'resource', details: { key, problem, missing }, evidence: toEvidence(conf, key) }]
  })
}

function shuffleService(conf: EffectiveConf): ValidationViolations {
  const value = createConfLookup(conf)
  const key = 'spark.shuffle.service.enabled'
  // Another shuffle manager or plugin brings its own service.
  const isReplaced = ['spark.shuffle.manager', 'spark.shuffle.sort.io.plugin.class'].some((name) => {
    const other = value(name)
    return other !== undefined && !/^(sort|tungsten-sort)$/i.test(other)
  })
  if (!isTrue(value(key)) || isReplaced) return []
  return [{ check: 'shuffleService', details: {}, evidence: toEvidence(conf, key) }]
}

const eventLogFolder = '/tmp/spark-events'

function eventLog({ conf, mountPaths, isWhole, unresolved }: ValidationSubject): ValidationViolations {
  const value = createConfLookup(conf)
  const key = 'spark.eventLog.dir'
  const isMounted = mountPaths?.some((path) => `${eventLogFolder}/`.startsWith(`${path.replace(/\/+$/, '')}/`)) === true
  if (!isTrue(value('spark.eventLog.enabled')) || value(key) !== undefined || unresolved.has(key)) return []
  if (!isWhole || isMounted) return []
  const problem = `${key} is not set: its default is ${eventLogFolder}`
  return [{ check: 'eventLog', details: { problem }, evidence: toEvidence(conf, 'spark.eventLog.enabled') }]
}

/** Settings that move Ivy's folder away from the home folder. */
const ivyKeys = ['spark.jars.ivy', 'spark.jars.ivySettings'] as const
const ivyOptions = /-D(ivy\.(home|cache\.dir|default\.ivy\.user\.dir)|user\.home)=/

function ivyHome({ conf, mode, isWhole, operator, unresolved }: ValidationSubject): ValidationViolations {
  const value = createConfLookup(conf)
  const packages = value('spark.jars.packages')
  if (packages === undefined || packages === '' || mode !== 'cluster' || !isWhole) return []
  if (ivyKeys.some((key) => conf.entries.has(key) || unresolved.has(key))) return []
  if (ivyOptions.test(`${value('spark.driver.extraJavaOptions')} ${value('spark.driver.defaultJavaOptions')}`))
    return []
  const who = operator === 'kubeflow' ? 'the operator’s pod and of the image' : 'the image'
  return [{ check: 'ivyHome', details: { who }, evidence: toEvidence(conf, 'spark.jars.packages') }]
}

/** Flags that applications do not have themselves. Many have a `--conf` of their own, but not with a key of Spark. */
const flagsOfSubmit = ['--driver-memory', '--executor-memory', '--executor-cores', '--num-executors', '--deploy-mode']

function optionsAfterMainFile({ commandLine, origin }: ValidationSubject): ValidationViolations {
  const words = commandLine.applicationArguments
  return words.flatMap((word, index): ValidationViolations => {
    const next = words[index + 1]
    const [, joined] = /^--conf=(spark\.[\s\S]*)$/.exec(word.text) ?? []
    const isConf = (word.text === '--conf' || word.text === '-c') && /^spark\.[\w.-]+=/.test(next?.text ?? '')
    const flag = flagsOfSubmit.find((name) => word.text === name || word.text.startsWith(`${name}=`))
    if (joined === undefined && !isConf && flag === undefined) return []
    const setting = joined ?? (isConf ? (next?.text ?? '') : '')
    const [, key = '', value = ''] = /^([^=]*)=?([\s\S]*)$/.exec(setting) ?? []
    const option = setting === '' ? (flag ?? word.text) : `--conf ${key}=${formatValue(key, value)}`
    return [{ check: 'afterMainFile', details: { option }, evidence: [toWordEvidence(word, option, origin)] }]
  })
}

const toWordEvidence = ({ field, line }: WrittenWord, excerpt: string, source: string) => ({
  source,
  line,
  excerpt: field === null ? excerpt : `${field}: ${excerpt}`,
  count: 1,
})

function unknownOptions({ commandLine, origin }: ValidationSubject): ValidationViolations {
  const known = [...submitValueOptions, ...submitSwitches]
  return commandLine.unknownOptions.map((word) => {
    const [option = ''] = word.text.split('=')
    const near = known.find((name) => distance(name, option) <= 2)
    const nearest = near === undefined ? '' : `; did you mean ${near}?`
    return { check: 'submitOption', details: { option, nearest }, evidence: [toWordEvidence(word, option, origin)] }
  })
}
