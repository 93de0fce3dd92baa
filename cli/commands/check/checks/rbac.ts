import type { CheckEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { type Category, failure, formatList, ok } from '../result.ts'
import { perInstallation } from './per-installation.ts'

export const rbac: Category<CheckEvidence> = {
  name: 'rbac',
  checks: [
    {
      id: 'service-account-access',
      title: 'the webhook’s ServiceAccount has all permissions that it needs',
      hint: 'The chart grants these permissions (rbac.create). docs/rbac.md explains what each one is for. This check needs `create` on SubjectAccessReviews.',
      judge: perInstallation(({ access, deployment: { namespace, serviceAccount } }) =>
        judgeReading(access, (results) => {
          const denied = results.filter(({ allowed }) => !allowed).map(({ what }) => what)
          return denied.length === 0
            ? ok(`${namespace}/${serviceAccount}, ${results.length} permissions`)
            : failure(`${namespace}/${serviceAccount} cannot ${formatList(denied)}`)
        }),
      ),
    },
  ],
}
