import { judgeReading } from '../../../cluster/reading.ts'
import type { Evidence } from '../evidence.ts'
import { type Category, enumerate, failure, ok } from '../result.ts'
import { ofInstallation } from './per-installation.ts'

export const rbac: Category<Evidence> = {
  name: 'rbac',
  checks: [
    {
      id: 'service-account-access',
      title: 'the webhook’s ServiceAccount may do what it needs',
      hint: 'Asked by SubjectAccessReview, which you need `create` on. The chart grants it (rbac.create); docs/rbac.md tells what each is for.',
      judge: ofInstallation(({ access, deployment: { namespace, serviceAccount } }) =>
        judgeReading(access, (answers) => {
          const denied = answers.filter(({ allowed }) => !allowed).map(({ what }) => what)
          return denied.length === 0
            ? ok(`${namespace}/${serviceAccount}, ${answers.length} permissions`)
            : failure(`${namespace}/${serviceAccount} may not ${enumerate(denied)}`)
        }),
      ),
    },
  ],
}
