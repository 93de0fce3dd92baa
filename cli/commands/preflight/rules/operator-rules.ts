import { showValue, toList, toRecord, toText } from '../../../../core/json.ts'
import { toSourcePath } from '../../../spark-conf/application-conf.ts'
import { compareVersions, parseSparkVersion } from '../../../spark-conf/spark-version.ts'
import type { ApplicationInput } from '../../../static-checks/input.ts'
import { evidenceAt, type PreflightRule, type PreflightViolations } from '../evidence.ts'
import { findScheduleProblem, isTimeZone } from './cron-schedule.ts'

/**
 * What kubeflow's operator refuses although its CRD allows it: its validating webhook
 * (internal/webhook/sparkapplication_validator.go, sparkconf_validator.go) and its submission
 * (internal/controller/sparkapplication/submission.go).
 */
export const operatorRules: PreflightRule = ({ input }) => {
  if (input.kind !== 'application' || input.operator !== 'kubeflow') return []
  const spec = toRecord(input.object.spec)
  const problems: readonly Problem[] = [
    ...nodeSelectors(spec),
    ...templates(spec),
    ...ingresses(spec),
    ...volumeMounts(spec),
    ...deniedSettings(input),
  ]
  const ofApplication = problems.map(({ path, problem, severity }) => {
    const shown = toSourcePath(input.origin, path)
    return {
      check: 'operatorRule' as const,
      details: { path: shown, problem },
      evidence: evidenceAt(input, path, shown),
      ...(severity !== undefined && { severity }),
    }
  })
  return [...scheduleProblems(input), ...ofApplication]
}

/** The operator sets the state FailedValidation, and starts no run (internal/controller/scheduledsparkapplication). */
function scheduleProblems({ written, origin }: ApplicationInput): PreflightViolations {
  if (written.kind !== 'ScheduledSparkApplication') return []
  const { schedule, timeZone } = toRecord(written.spec)
  const found = typeof schedule === 'string' ? findScheduleProblem(schedule) : undefined
  const isUnknownZone = typeof timeZone === 'string' && timeZone !== '' && !isTimeZone(timeZone)
  const problems = [
    ...(found === undefined ? [] : [{ field: 'schedule', value: schedule, problem: found }]),
    ...(isUnknownZone
      ? [{ field: 'timeZone', value: timeZone, problem: 'is not a time zone of the IANA database' }]
      : []),
  ]
  return problems.map(({ field, value, problem }) => {
    const shown = showValue(value, 128)
    const path = `spec.${field}`
    return {
      check: 'operatorRule',
      details: { path, problem: `is ${shown}, which ${problem}; the operator starts no run` },
      evidence: [
        { source: origin.source, line: origin.lineAt(['spec', field]), excerpt: `${path}: ${shown}`, count: 1 },
      ],
    }
  })
}

interface Problem {
  readonly path: string
  readonly problem: string
  readonly severity?: 'warning'
}
type Spec = Readonly<Record<string, unknown>>
const roles = ['driver', 'executor'] as const
const isSet = (value: unknown) => value !== undefined && value !== null

function nodeSelectors(spec: Spec): readonly Problem[] {
  if (!isSet(spec.nodeSelector)) return []
  return roles
    .filter((role) => isSet(toRecord(spec[role]).nodeSelector))
    .slice(0, 1)
    .map((role) => ({
      path: `spec.${role}.nodeSelector`,
      problem: 'is set, and so is the nodeSelector of the whole application; the operator’s webhook allows only one',
    }))
}

function templates(spec: Spec): readonly Problem[] {
  const version = typeof spec.sparkVersion === 'string' ? parseSparkVersion(spec.sparkVersion) : undefined
  if (version === undefined || compareVersions(version, [3, 0, 0]) >= 0) return []
  return roles
    .filter((role) => isSet(toRecord(spec[role]).template))
    .map((role) => ({
      path: `spec.${role}.template`,
      problem: `requires Spark 3.0.0 or newer, but spec.sparkVersion is ${toText(spec.sparkVersion)}; the operator’s webhook rejects it`,
    }))
}

function ingresses(spec: Spec): readonly Problem[] {
  const options = toList(spec.driverIngressOptions).map(toRecord)
  const required = ['servicePort', 'ingressURLFormat'] as const
  return options.flatMap((option, index) =>
    required.flatMap((field): readonly Problem[] => {
      const path = `spec.driverIngressOptions[${index}].${field}`
      if (!isSet(option[field]) || option[field] === '') {
        return [{ path, problem: 'is not set, and the operator’s webhook requires it' }]
      }
      const isTwice = options.slice(0, index).some((other) => other[field] === option[field])
      return isTwice ? [{ path, problem: `is ${showValue(option[field], 128)}, as in an earlier item` }] : []
    }),
  )
}

/** Volumes of this name are passed to spark-submit, which knows these types. */
const localPrefix = 'spark-local-dir-'
const localTypes = ['emptyDir', 'hostPath', 'nfs', 'persistentVolumeClaim'] as const

function volumeMounts(spec: Spec): readonly Problem[] {
  const volumes = new Map(toList(spec.volumes).map((volume) => [toText(toRecord(volume).name ?? ''), toRecord(volume)]))
  return roles.flatMap((role) =>
    toList(toRecord(spec[role]).volumeMounts).flatMap((mount, index): readonly Problem[] => {
      const name = toText(toRecord(mount).name ?? '')
      const path = `spec.${role}.volumeMounts[${index}]`
      const volume = volumes.get(name)
      const isLocal = name.startsWith(localPrefix)
      if (volume === undefined) {
        return isLocal
          ? [{ path, problem: `mounts ${name}, which spec.volumes does not contain; the submission fails` }]
          : [
              {
                path,
                problem: `mounts ${name}, which spec.volumes does not contain; the operator leaves it out`,
                severity: 'warning',
              },
            ]
      }
      if (!isLocal || localTypes.some((type) => isSet(volume[type]))) return []
      const type = Object.keys(volume).find((field) => field !== 'name') ?? 'no type'
      return [
        {
          path,
          problem: `mounts ${name}, a volume of type ${type}; a volume of this name must be one of ${localTypes.join(', ')}, or the submission fails`,
        },
      ]
    }),
  )
}

const accountHint = 'set serviceAccount of driver and executor instead'
const credentialHint = 'the operator manages credentials'
const imageHint = 'set image instead'

/** Keys that the webhook denies since 2.5.2 (deniedSparkConfKeys). spark.master is reported with the configuration. */
const deniedKeys: Readonly<Record<string, string>> = {
  'spark.kubernetes.authenticate.driver.serviceAccountName': accountHint,
  'spark.kubernetes.authenticate.executor.serviceAccountName': accountHint,
  'spark.kubernetes.authenticate.oauthToken': credentialHint,
  'spark.kubernetes.authenticate.oauthTokenFile': credentialHint,
  'spark.kubernetes.authenticate.driver.oauthToken': credentialHint,
  'spark.kubernetes.authenticate.driver.oauthTokenFile': credentialHint,
  'spark.kubernetes.authenticate.executor.oauthToken': credentialHint,
  'spark.kubernetes.authenticate.executor.oauthTokenFile': credentialHint,
  'spark.kubernetes.driver.master': 'the operator sets it',
  'spark.kubernetes.container.image': imageHint,
  'spark.kubernetes.driver.container.image': imageHint,
  'spark.kubernetes.executor.container.image': imageHint,
}

function deniedSettings({ object }: ApplicationInput): readonly Problem[] {
  return Object.keys(toRecord(toRecord(object.spec).sparkConf)).flatMap((key): readonly Problem[] => {
    const hint = Object.hasOwn(deniedKeys, key) ? deniedKeys[key] : undefined
    if (hint === undefined) return []
    return [
      {
        path: `spec.sparkConf.${key}`,
        problem: `is rejected by the operator’s webhook since 2.5.2: ${hint}`,
        severity: 'warning',
      },
    ]
  })
}
