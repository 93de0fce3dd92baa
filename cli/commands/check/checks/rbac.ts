import { restrictedResources } from '../account-policy.ts'
import type { CheckEvidence } from '../evidence.ts'
import { judgeReading } from '../judge-reading.ts'
import { type Category, failure, formatList, notApplicable, ok, warning } from '../result.ts'
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
    {
      id: 'admission-policies',
      title: 'admission policies restrict the webhook’s ServiceAccount',
      hint: 'Roles permit more than spark-nanny does, because a role cannot be limited to a field. The ValidatingAdmissionPolicies of the chart (admissionPolicies.enabled) limit what a stolen token can change; see docs/rbac.md. They require Kubernetes 1.30.',
      judge: perInstallation(({ deployment: { namespace, serviceAccount } }, { policies }) =>
        judgeReading(policies, (found) => {
          if (found === null) return notApplicable
          const account = `system:serviceaccount:${namespace}:${serviceAccount}`
          const own = found.filter(({ conditions }) => conditions.some((text) => text.includes(`'${account}'`)))
          const restricts = (resource: string) =>
            own.some(({ isEnforced, resources }) => isEnforced && resources.includes(resource))
          const open = restrictedResources.filter((resource) => !restricts(resource))
          return open.length === 0
            ? ok(account)
            : warning(`no policy restricts changes of ${formatList(open)} by ${account}`)
        }),
      ),
    },
  ],
}
