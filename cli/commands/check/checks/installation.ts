import { creatingReasons } from '../../../../core/contract/waiting-reasons.ts'
import type { CheckEvidence, Installation } from '../evidence.ts'
import type { WebhookPod } from '../installed-objects.ts'
import { judgeReading } from '../judge-reading.ts'
import { matchesSelector } from '../label-selector.ts'
import {
  type Category,
  type CheckResult,
  failure,
  formatCount,
  formatList,
  notApplicable,
  ok,
  warning,
} from '../result.ts'
import { perInstallation } from './per-installation.ts'

export const installation: Category<CheckEvidence> = {
  name: 'installation',
  checks: [
    {
      id: 'installed',
      title: 'spark-nanny is installed exactly once',
      hint: 'The installation is detected by the labels app.kubernetes.io/name=spark-nanny and app.kubernetes.io/component=webhook of its Deployment. Install the chart, or give the namespace with -n. If there are two installations, uninstall one, because both respond to each admission.',
      judge: ({ installations, onlyNamespace }) =>
        judgeReading(installations, (found) => {
          const names = found.map(({ deployment: { namespace, name } }) => `${namespace}/${name}`)
          if (found.length === 1) return ok(names[0])
          if (found.length > 1)
            return warning(`there are ${found.length}: ${formatList(names)}; only the first one was checked`)
          return failure(
            `there is no Deployment of spark-nanny in ${onlyNamespace === null ? 'any namespace' : `namespace ${onlyNamespace}`}`,
          )
        }),
    },
    {
      id: 'deployment-available',
      title: 'the webhook is available',
      hint: 'If no replica is ready, drivers start unprotected (failurePolicy Ignore). Run `kubectl describe` on the Deployment and its pods.',
      judge: perInstallation(({ deployment: { ready, unavailable, namespace, name } }) =>
        ready > 0 && unavailable === null
          ? ok()
          : failure(`${namespace}/${name}: ${ready === 0 ? 'no replica is ready' : (unavailable ?? '')}`),
      ),
    },
    {
      id: 'replicas-started',
      title: 'all replicas have started',
      hint: 'Run `kubectl describe pod` and `kubectl logs --previous` for the listed pods.',
      judge: forPods((pods) => {
        const waiting = pods.filter((pod) => pod.waiting !== null && !startsNormally(pod))
        return waiting.length === 0
          ? ok()
          : failure(
              formatList(
                waiting.map(({ name, waiting }) => `${name}: ${waiting}`),
                2,
              ),
            )
      }),
    },
    {
      id: 'replicas-ready',
      title: 'all replicas are ready',
      hint: 'One ready replica is enough to inject drivers. If a rollout is in progress, use --wait 2m to wait for it.',
      judge: perInstallation(({ deployment: { wanted, updated, ready, observed } }) => {
        if (wanted === 0) return failure('the Deployment is scaled to 0')
        const rollout =
          observed && updated === wanted ? '' : `; a rollout is in progress (${updated} of ${wanted} updated)`
        return ready >= wanted && rollout === ''
          ? ok(`${ready} of ${wanted}`)
          : warning(`${ready} of ${wanted} are ready${rollout}`)
      }),
    },
    {
      id: 'replicas-same-version',
      title: 'all replicas have the same version',
      hint: 'During a rollout two versions may run side by side, which is harmless. If this persists, check `kubectl rollout status`.',
      judge: forPods((pods) => {
        const images = [...new Set(pods.map(({ image }) => image))]
        return images.length <= 1 ? ok(images[0]) : warning(`the images are ${formatList(images)}`)
      }),
    },
    {
      id: 'replicas-redundant',
      title: 'the webhook has more than one replica',
      hint: 'With one replica, no driver is injected while its pod is rescheduled. The default of the chart is two; see values-ha.yaml.',
      judge: perInstallation(({ deployment: { wanted } }) => {
        if (wanted === 0) return notApplicable
        if (wanted > 1) return ok(`${wanted}`)
        return warning('there is only one; while it is unavailable, drivers start unprotected')
      }),
    },
    {
      id: 'replicas-spread',
      title: 'replicas run on more than one node',
      hint: 'If their only node fails, all replicas fail. The chart spreads them across nodes if possible (topologySpreadConstraints). Delete one pod so that it is scheduled again.',
      judge: forPods((pods, { server }) => {
        const ready = pods.filter((pod) => pod.ready)
        const nodes = [...new Set(ready.map(({ node }) => node))]
        if (ready.length < 2) return notApplicable
        if (nodes.length > 1) return ok(`${nodes.length} nodes`)
        const single =
          server.nodes.kind === 'read' && server.nodes.value.filter(({ schedulable }) => schedulable).length === 1
        return single ? ok('the cluster has only one node') : warning(`all ${ready.length} are on ${nodes[0]}`)
      }),
    },
    {
      id: 'disruption-budget',
      title: 'a PodDisruptionBudget protects the replicas',
      hint: 'Without a budget, draining nodes may evict all replicas at once. Set podDisruptionBudget in the values of the chart.',
      judge: perInstallation(({ deployment, budgets }) =>
        deployment.wanted < 2
          ? notApplicable
          : judgeReading(budgets, (known) => {
              const own = known.filter(({ selector }) => matchesSelector(selector, deployment.podLabels))
              return own.length > 0
                ? ok(formatList(own.map(({ name }) => name)))
                : warning('there is no PodDisruptionBudget for the webhook')
            }),
      ),
    },
  ],
}

const startsNormally = ({ waiting }: WebhookPod) => waiting !== null && creatingReasons.includes(waiting)

function forPods(
  judge: (pods: readonly WebhookPod[], evidence: CheckEvidence) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return perInstallation(({ pods, deployment }: Installation, evidence) =>
    judgeReading(pods, (known) => {
      const staying = known.filter(({ terminating }) => !terminating)
      if (staying.length > 0) return judge(staying, evidence)
      return deployment.wanted === 0
        ? notApplicable
        : failure(`there is no pod for ${formatCount(deployment.wanted, 'replica')}`)
    }),
  )
}
