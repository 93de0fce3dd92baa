import type { CheckEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { type Category, failure, formatList, ok } from '../result.ts'
import { perInstallation } from './per-installation.ts'

export const rbac: Category<CheckEvidence> = {
  name: 'rbac',
  checks: [
    {
      id: 'service-account-access',
      title: 'the webhook’s ServiceAccount may do what it needs',
      hint: 'Asked by SubjectAccessReview, which you need `create` on. The chart grants it (rbac.create); docs/rbac.md tells what each is for.',
      judge: perInstallation(({ access, deployment: { namespace, serviceAccount } }) =>
        judgeReading(access, (answers) => {
          const denied = answers.filter(({ allowed }) => !allowed).map(({ what }) => what)
          return denied.length === 0
            ? ok(`${namespace}/${serviceAccount}, ${answers.length} permissions`)
            : failure(`${namespace}/${serviceAccount} may not ${formatList(denied)}`)
        }),
      ),
    },
  ],
}
