import type { ServerProbe } from '../../../cluster/capability-probe.ts'
import type { KnownNode } from '../../../cluster/nodes.ts'
import type { AccessReviewResult } from '../../cluster/access-rule.ts'
import type { ReadResult } from '../../cluster/reading.ts'
import type { CheckedDriver } from './driver.ts'
import type { WebhookConfiguration, WebhookDeployment, WebhookPod } from './installed-objects.ts'
import type { LabelSelector } from './label-selector.ts'

/** What is known of the cluster itself, installed or not. */
export interface ServerEvidence {
  readonly url: string
  readonly version: ReadResult<ServerVersion>
  /** Whether the API admissionregistration.k8s.io/v1 is there. */
  readonly admission: ReadResult<boolean>
  /** By server-side dry runs in `dryRunNamespace`. */
  readonly proof: ServerProbe
  readonly dryRunNamespace: string
  /** Why a dry run proves nothing; null when it does. */
  readonly dryRunProblem: string | null
  readonly nodes: ReadResult<readonly CheckedNode[]>
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
  readonly pods: ReadResult<readonly WebhookPod[]>
  readonly budgets: ReadResult<readonly { readonly name: string; readonly selector: LabelSelector }[]>
  /** Null: the Deployment names none, or there is none of that name. */
  readonly certificate: ReadResult<Certificate | null>
  /** What the ServiceAccount may, by SubjectAccessReview. */
  readonly access: ReadResult<readonly AccessReviewResult[]>
}

/** What is public of the Secret with the serving certificate; its keys are never kept. */
export interface Certificate {
  readonly secret: string
  readonly certificatePem: string
}

/** What became of a driver pod or driver Service in a server-side dry run. */
export type DryRunOutcome =
  | { readonly kind: 'changed'; readonly version: string }
  /** It came back as it was. */
  | { readonly kind: 'unchanged' }
  /** It did not go through: a quota, a policy, no permission, no answer. */
  | { readonly kind: 'refused'; readonly detail: string }

export interface DryRunProbe {
  readonly namespace: string
  readonly pod: DryRunOutcome
  readonly service: DryRunOutcome
}

/** All that `spark-nanny check` looks at. */
export interface CheckEvidence {
  readonly nowMs: number
  readonly cliVersion: string
  /** That was asked for by -n. */
  readonly onlyNamespace: string | null
  readonly server: ServerEvidence
  /** One for each release with our labels. */
  readonly installations: ReadResult<readonly Installation[]>
  readonly configurations: ReadResult<readonly WebhookConfiguration[]>
  readonly namespaces: ReadResult<readonly CheckedNamespace[]>
  /** In labelled namespaces, the first few of them. */
  readonly trials: readonly DryRunProbe[]
  /** Of labelled namespaces, those that have not ended. */
  readonly drivers: ReadResult<readonly CheckedDriver[]>
}

/** All that `spark-nanny check --pre` looks at. */
export interface PreEvidence {
  readonly server: ServerEvidence
  /** Where it would be installed. */
  readonly namespace: string
  /** What the caller may, by SelfSubjectAccessReview. */
  readonly access: ReadResult<readonly AccessReviewResult[]>
}
