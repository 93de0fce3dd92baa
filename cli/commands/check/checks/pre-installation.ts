import type { PreEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { type Category, failure, formatList, ok } from '../result.ts'

export const preInstallation: Category<PreEvidence> = {
  name: 'pre-installation',
  checks: [
    {
      id: 'install-access',
      title: 'you can create the chart’s resources',
      hint: 'Install the chart with an account that can create these resources. Cluster-wide resources (webhook configuration, ClusterRole) usually require cluster-admin. To create a ClusterRole, you must also have all permissions that it grants; this is not checked.',
      judge: ({ access, namespace }) =>
        judgeReading(access, (results) => {
          const denied = results.filter(({ allowed }) => !allowed).map(({ what }) => what)
          return denied.length === 0 ? ok(`in namespace ${namespace}`) : failure(`you cannot ${formatList(denied, 20)}`)
        }),
    },
  ],
}
