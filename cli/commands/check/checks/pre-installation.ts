import type { PreEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { type Category, failure, formatList, ok } from '../result.ts'

export const preInstallation: Category<PreEvidence> = {
  name: 'pre-installation',
  checks: [
    {
      id: 'pre-access',
      title: 'you may create what the chart installs',
      hint: 'Install as somebody who may: cluster-wide objects (webhook configuration, ClusterRole) usually need cluster-admin. Not asked: whether you hold all that the ClusterRole grants, which Kubernetes demands of whoever creates it.',
      judge: ({ access, namespace }) =>
        judgeReading(access, (answers) => {
          const denied = answers.filter(({ allowed }) => !allowed).map(({ what }) => what)
          return denied.length === 0
            ? ok(`into namespace ${namespace}`)
            : failure(`you may not ${formatList(denied, 20)}`)
        }),
    },
  ],
}
