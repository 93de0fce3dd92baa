import { certificates } from './checks/certificates.ts'
import { drivers } from './checks/drivers.ts'
import { installation } from './checks/installation.ts'
import { kubernetesApi } from './checks/kubernetes-api.ts'
import { namespaces } from './checks/namespaces.ts'
import { preInstallation } from './checks/pre-installation.ts'
import { rbac } from './checks/rbac.ts'
import { versions } from './checks/versions.ts'
import { webhook } from './checks/webhook.ts'
import type { CheckEvidence, PreEvidence } from './evidence.ts'
import type { Category } from './result.ts'

/** In the order of the report. Categories that later ones depend on come first. */
export const categories: readonly Category<CheckEvidence>[] = [
  kubernetesApi,
  installation,
  certificates,
  webhook,
  namespaces,
  drivers,
  rbac,
  versions,
]

/** The categories of `spark-nanny check --pre`. */
export const preCategories: readonly Category<PreEvidence>[] = [kubernetesApi, preInstallation]
