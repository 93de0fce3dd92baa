import type { ServerProbe } from '../../../cluster/capability-probe.ts'
import type { KnownNode } from '../../../cluster/nodes.ts'
import type { AccessAnswer } from '../../cluster/access-rule.ts'
import type { Reading } from '../../cluster/reading.ts'
import type { Driver } from './driver.ts'
import type { WebhookConfiguration, WebhookDeployment, WebhookPod } from './installed-objects.ts'
import type { LabelSelector } from './label-selector.ts'

/** What is known of the cluster itself, installed or not. */
export interface ServerEvidence {
  readonly url: string
  readonly version: Reading<ServerVersion>
  /** Whether the API admissionregistration.k8s.io/v1 is there. */
  readonly admission: Reading<boolean>
  /** By server-side dry runs in `dryRunNamespace`. */
  readonly proof: ServerProbe
  readonly dryRunNamespace: string
  /** Why a dry run proves nothing; null when it does. */
  readonly dryRunProblem: string | null
  readonly nodes: Reading<readonly Node[]>
}

/** `[1, 36]` of v1.36.3. */
export interface ServerVersion {
  readonly text: string
  readonly numbers: readonly [number, number]
}

export type Node = KnownNode & { readonly name: string }

export interface Namespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** An installation: its Deployment and what belongs to it. */
export interface Installation {
  readonly deployment: WebhookDeployment
  readonly pods: Reading<readonly WebhookPod[]>
  readonly budgets: Reading<readonly { readonly name: string; readonly selector: LabelSelector }[]>
  /** Null: the Deployment names none, or there is none of that name. */
  readonly certificate: Reading<Certificate | null>
  /** What the ServiceAccount may, by SubjectAccessReview. */
  readonly access: Reading<readonly AccessAnswer[]>
}

/** What is public of the Secret with the serving certificate; its keys are never kept. */
export interface Certificate {
  readonly secret: string
  readonly certificatePem: string
}

/** What became of a driver pod or driver Service in a server-side dry run. */
export type TrialOutcome =
  | { readonly kind: 'changed'; readonly version: string }
  /** It came back as it was. */
  | { readonly kind: 'unchanged' }
  /** It did not go through: a quota, a policy, no permission, no answer. */
  | { readonly kind: 'refused'; readonly detail: string }

export interface Trial {
  readonly namespace: string
  readonly pod: TrialOutcome
  readonly service: TrialOutcome
}

/** All that `spark-nanny check` looks at. */
export interface Evidence {
  readonly nowMs: number
  readonly cliVersion: string
  /** That was asked for by -n. */
  readonly onlyNamespace: string | null
  readonly server: ServerEvidence
  /** One for each release with our labels. */
  readonly installations: Reading<readonly Installation[]>
  readonly configurations: Reading<readonly WebhookConfiguration[]>
  readonly namespaces: Reading<readonly Namespace[]>
  /** In labelled namespaces, the first few of them. */
  readonly trials: readonly Trial[]
  /** Of labelled namespaces, those that have not ended. */
  readonly drivers: Reading<readonly Driver[]>
}

/** All that `spark-nanny check --pre` looks at. */
export interface PreEvidence {
  readonly server: ServerEvidence
  /** Where it would be installed. */
  readonly namespace: string
  /** What the caller may, by SelfSubjectAccessReview. */
  readonly access: Reading<readonly AccessAnswer[]>
}
