import type { Cause, FindingId } from '../findings/findings.ts'
import { change, inspect, type RemedySpec } from '../findings/remedies.ts'
import type { Facts } from './facts.ts'
import { findFailure } from './failure.ts'
import { findOwner, findPlainSubject, findSubject, type Subject } from './owners.ts'
import { observed, type Rule, type RuleMatch } from './rule.ts'

interface PlatformRule {
  readonly id: FindingId
  readonly subject: Subject
  readonly cause: Cause
  readonly title: string
  readonly detail: string
  readonly meaning: string
  readonly remedies: readonly [RemedySpec, ...RemedySpec[]]
}

const readLog = inspect('Read the whole exception', 'kubectl -n {namespace} logs {pod} --tail=200')
const unknown =
  'spark-nanny does not know this exception. Its class or its frames name the owner, its words the subject.'

/**
 * Exceptions that no other rule knows, of services and libraries that the program uses. Each row is one subject. The cause
 * is a starting point: the words of an exception are all that is known about it.
 */
const rows: readonly PlatformRule[] = [
  {
    id: 'SPN-PERMISSION-PLATFORM',
    subject: 'permission',
    cause: 'permission',
    title: 'A service that the program uses denied access',
    detail: 'Access denied, as reported by {owner}: {reason}',
    meaning: unknown,
    remedies: [
      change('Check the identity that the pod uses for this service, and what it is allowed to do there'),
      readLog,
    ],
  },
  {
    id: 'SPN-NETWORK-PLATFORM',
    subject: 'network',
    cause: 'network',
    title: 'A service that the program uses cannot be reached',
    detail: 'A connection failed, as reported by {owner}: {reason}',
    meaning: unknown,
    remedies: [
      change('Check that the service is running, and that its address is right and reachable from the namespace'),
      inspect('List the network policies', 'kubectl -n {namespace} get networkpolicies'),
      readLog,
    ],
  },
  {
    id: 'SPN-QUOTA-PLATFORM',
    subject: 'quota',
    cause: 'quota',
    title: 'A service that the program uses reached a limit',
    detail: 'A limit was reached, as reported by {owner}: {reason}',
    meaning: unknown,
    remedies: [change('Raise the limit at the service, or send it fewer requests at a time'), readLog],
  },
  {
    id: 'SPN-CLASSPATH-PLATFORM',
    subject: 'classpath',
    cause: 'classpath',
    title: 'A library does not fit the others on the class path',
    detail: 'A library does not fit, as reported by {owner}: {reason}',
    meaning: unknown,
    remedies: [
      change('Use the versions of the libraries that belong to the image’s versions of Spark, Scala, Hadoop and Java'),
      inspect(
        'List the jars in the image',
        'kubectl -n {namespace} run look --rm -i --restart=Never --image={image} -- ls /opt/spark/jars',
      ),
    ],
  },
  {
    id: 'SPN-CONFIG-PLATFORM',
    subject: 'config',
    cause: 'config',
    title: 'A library misses a setting, or rejects it',
    detail: 'A setting is missing or wrong, as reported by {owner}: {reason}',
    meaning: unknown,
    remedies: [change('Set what the message names, for Hadoop’s libraries with the prefix spark.hadoop.'), readLog],
  },
  {
    id: 'SPN-APPLICATION-PLATFORM',
    subject: 'other',
    cause: 'application',
    title: 'A library or service that the program uses reported an error',
    detail: 'An error of {owner}: {reason}',
    meaning: `${unknown} Nothing shows yet whether the service, its settings or the program has to change.`,
    remedies: [readLog, change('Look up the message in the documentation of its owner')],
  },
]

/** Rules for what no other rule knows, by owner and subject. */
export const platformRules: readonly Rule[] = rows.map(
  ({ subject, ...row }): Rule => ({
    ...row,
    severity: 'error',
    confidence: 'low',
    matchers: [
      observed(
        `an exception of a service or a library that no other rule knows${subject === 'other' ? '' : `, whose words are about ${subject}`}`,
        (facts) => findPlatformFailure(subject, facts),
      ),
    ],
    fallback: true,
    explains: [
      'SPN-EXIT-*',
      'SPN-APPLICATION-EXCEPTION',
      'SPN-APPLICATION-PYTHON',
      'SPN-APPLICATION-PY4J',
      'SPN-APPLICATION-JOB-ABORTED',
      'SPN-CONFIG-SCHEDULER',
    ],
  }),
)

/** Subjects that other rules cover, and that say more about the driver than about the owner. */
const covered: Readonly<Partial<Record<Subject, Subject>>> = { memory: 'other', volume: 'other' }

function findPlatformFailure(subject: Subject, facts: Facts): RuleMatch | undefined {
  const failure = findFailure(facts)
  if (failure === undefined) return undefined
  const owner = findOwner(failure.tree)
  const found = owner.kind === 'platform' ? findSubject(failure.tree) : findPlainSubject(failure.root)
  if (found === undefined || (covered[found] ?? found) !== subject) return undefined
  return {
    evidence: failure.evidence,
    details: { owner: owner.name, reason: failure.reason },
    byExecutor: failure.root.byExecutor,
    ...(failure.kind === 'logged' && { weight: 'logged' }),
  }
}
