import type { ServerProbe } from '../../../cluster/capability-probe.ts'
import type { KnownNode } from '../../../cluster/nodes.ts'
import type { AccessReviewResult } from '../../cluster/access-rule.ts'
import type { ApiReading } from '../../cluster/reading.ts'
import type { AccountPolicy } from './account-policy.ts'
import type { CheckedDriver } from './driver.ts'
import type { WebhookConfiguration, WebhookDeployment, WebhookPod } from './installed-objects.ts'
import type { LabelSelector } from './label-selector.ts'

/** What is known of the cluster itself, independent of an installation. */
export interface ServerEvidence {
  readonly url: string
  readonly version: ApiReading<ServerVersion>
  /** Whether the API admissionregistration.k8s.io/v1 exists. */
  readonly admission: ApiReading<boolean>
  /** What the API server supports, found by server-side dry runs in `dryRunNamespace`. */
  readonly proof: ServerProbe
  readonly dryRunNamespace: string
  /** Why the dry run was inconclusive. Null if it was conclusive. */
  readonly dryRunProblem: string | null
  readonly nodes: ApiReading<readonly CheckedNode[]>
}

/** `[1, 36]` of v1.36.3. */
export interface ServerVersion {
  readonly text: string
  readonly numbers: readonly [number, number]
}

export type CheckedNode = KnownNode & { readonly name: string }

export interface CheckedNamespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** An installation: its Deployment and what belongs to it. */
export interface Installation {
  readonly deployment: WebhookDeployment
  readonly pods: ApiReading<readonly WebhookPod[]>
  readonly budgets: ApiReading<readonly { readonly name: string; readonly selector: LabelSelector }[]>
  /** Null if the Deployment names no Secret, or the Secret does not exist. */
  readonly certificate: ApiReading<Certificate | null>
  /** The permissions of the ServiceAccount, by SubjectAccessReview. */
  readonly access: ApiReading<readonly AccessReviewResult[]>
}

/** The public part of the Secret with the serving certificate. Private keys are never kept. */
export interface Certificate {
  readonly secret: string
  readonly certificatePem: string
}

/** The outcome of a server-side dry run of a driver pod or driver Service. */
export type DryRunOutcome =
  | { readonly kind: 'changed'; readonly version: string }
  /** The API server returned the object without changes by the webhook. */
  | { readonly kind: 'unchanged' }
  /** The API server rejected the dry run (quota, policy, missing permission) or did not respond. */
  | { readonly kind: 'refused'; readonly detail: string }

export interface DryRunProbe {
  readonly namespace: string
  readonly pod: DryRunOutcome
  readonly service: DryRunOutcome
}

/** The evidence for `spark-nanny check`. */
export interface CheckEvidence {
  readonly nowMs: number
  readonly cliVersion: string
  /** The value of -n. Null if it was not set. */
  readonly onlyNamespace: string | null
  readonly server: ServerEvidence
  /** One per Helm release that has the labels of spark-nanny. */
  readonly installations: ApiReading<readonly Installation[]>
  readonly configurations: ApiReading<readonly WebhookConfiguration[]>
  /** The ValidatingAdmissionPolicies with the labels of spark-nanny. Null if the API does not have any (before 1.30). */
  readonly policies: ApiReading<readonly AccountPolicy[] | null>
  readonly namespaces: ApiReading<readonly CheckedNamespace[]>
  /** Dry runs in labelled namespaces, limited to the first few. */
  readonly trials: readonly DryRunProbe[]
  /** Pending and running drivers of the labelled namespaces. */
  readonly drivers: ApiReading<readonly CheckedDriver[]>
}

/** The evidence for `spark-nanny check --pre`. */
export interface PreEvidence {
  readonly server: ServerEvidence
  /** The namespace for the installation. */
  readonly namespace: string
  /** The permissions of the caller, by SelfSubjectAccessReview. */
  readonly access: ApiReading<readonly AccessReviewResult[]>
}
