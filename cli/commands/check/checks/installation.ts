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
      title: 'spark-nanny is installed, once',
      hint: 'It is found by the labels app.kubernetes.io/name=spark-nanny and component=webhook of its Deployment. Install the chart, or say by -n where it is. Of two installations both answer each admission: uninstall one.',
      judge: ({ installations, onlyNamespace }) =>
        judgeReading(installations, (found) => {
          const names = found.map(({ deployment: { namespace, name } }) => `${namespace}/${name}`)
          if (found.length === 1) return ok(names[0])
          if (found.length > 1)
            return warning(`there are ${found.length}: ${formatList(names)}; the first is looked at`)
          return failure(
            `there is no Deployment of it in ${onlyNamespace === null ? 'any namespace' : `namespace ${onlyNamespace}`}`,
          )
        }),
    },
    {
      id: 'deployment-available',
      title: 'the webhook is available',
      hint: 'No driver pod is injected while no replica is ready; drivers start all the same (failurePolicy Ignore). `kubectl describe` the Deployment and its pods.',
      judge: perInstallation(({ deployment: { ready, unavailable, namespace, name } }) =>
        ready > 0 && unavailable === null
          ? ok()
          : failure(`${namespace}/${name}: ${ready === 0 ? 'no replica is ready' : (unavailable ?? '')}`),
      ),
    },
    {
      id: 'replicas-start',
      title: 'no replica waits for its image or crashes',
      hint: 'See `kubectl describe pod` and `kubectl logs --previous` of that pod.',
      judge: ofPods((pods) => {
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
      hint: 'One replica is enough to inject. A rollout may be under way: --wait 2m waits for it.',
      judge: perInstallation(({ deployment: { wanted, updated, ready, observed } }) => {
        if (wanted === 0) return failure('the Deployment is scaled to 0')
        const rollout =
          observed && updated === wanted ? '' : `; a rollout is under way (${updated} of ${wanted} updated)`
        return ready >= wanted && rollout === ''
          ? ok(`${ready} of ${wanted}`)
          : warning(`${ready} of ${wanted} are ready${rollout}`)
      }),
    },
    {
      id: 'replicas-same-version',
      title: 'all replicas are of the same version',
      hint: 'During a rollout two versions inject side by side, which is harmless. If it stays so, see `kubectl rollout status`.',
      judge: ofPods((pods) => {
        const images = [...new Set(pods.map(({ image }) => image))]
        return images.length <= 1 ? ok(images[0]) : warning(`there are ${formatList(images)}`)
      }),
    },
    {
      id: 'replicas-redundant',
      title: 'there is more than one replica',
      hint: 'With one replica no driver is injected while its pod moves. The chart’s default is two; see values-ha.yaml.',
      judge: perInstallation(({ deployment: { wanted } }) =>
        wanted === 0
          ? notApplicable
          : wanted > 1
            ? ok(`${wanted}`)
            : warning('there is only one; without it drivers start uninjected'),
      ),
    },
    {
      id: 'replicas-spread',
      title: 'replicas are spread over nodes',
      hint: 'One node that goes down takes all replicas with it. The chart spreads them where it can (topologySpreadConstraints); delete one pod to have it placed anew.',
      judge: ofPods((pods, { server }) => {
        const ready = pods.filter((pod) => pod.ready)
        const nodes = [...new Set(ready.map(({ node }) => node))]
        if (ready.length < 2) return notApplicable
        if (nodes.length > 1) return ok(`${nodes.length} nodes`)
        const single =
          server.nodes.kind === 'read' && server.nodes.value.filter(({ schedulable }) => schedulable).length === 1
        return single ? ok('the cluster has one node') : warning(`all ${ready.length} are on ${nodes[0]}`)
      }),
    },
    {
      id: 'disruption-budget',
      title: 'a PodDisruptionBudget keeps one replica',
      hint: 'Without one a drain may take all replicas at once. Set podDisruptionBudget in the chart’s values.',
      judge: perInstallation(({ deployment, budgets }) =>
        deployment.wanted < 2
          ? notApplicable
          : judgeReading(budgets, (known) => {
              const own = known.filter(({ selector }) => matchesSelector(selector, deployment.podLabels))
              return own.length > 0 ? ok(formatList(own.map(({ name }) => name))) : warning('there is none')
            }),
      ),
    },
  ],
}

const startsNormally = ({ waiting }: WebhookPod) => waiting === 'ContainerCreating' || waiting === 'PodInitializing'

function ofPods(
  judge: (pods: readonly WebhookPod[], evidence: CheckEvidence) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return perInstallation(({ pods, deployment }: Installation, evidence) =>
    judgeReading(pods, (known) => {
      const staying = known.filter(({ terminating }) => !terminating)
      if (staying.length > 0) return judge(staying, evidence)
      return deployment.wanted === 0
        ? notApplicable
        : failure(`there is no pod of ${formatCount(deployment.wanted, 'replica')}`)
    }),
  )
}
