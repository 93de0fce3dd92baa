import { describe } from 'node:test'
import { readable } from '../../../../../cli/cluster/reading.ts'
import {
  healthyEvidence,
  healthyInstallation,
  node,
  unread,
  withDeployment,
  withInstallation,
  withPod,
} from '../healthy-evidence.ts'
import { testCategory } from './table.ts'

const notInstalled = { ...healthyEvidence, installations: readable([]) }
const installationsUnreadable = { ...healthyEvidence, installations: unread }

describe('installation checks', () => {
  testCategory('installation', {
    installed: [
      ['there is no Deployment', notInstalled, 'error', /in any namespace/],
      ['there is no Deployment in the namespace', { ...notInstalled, onlyNamespace: 'x' }, 'error', /in namespace x/],
      [
        'there are two Deployments',
        { ...healthyEvidence, installations: readable([healthyInstallation, healthyInstallation]) },
        'warning',
        /there are 2/,
      ],
      ['the Deployments cannot be read', installationsUnreadable, 'unknown'],
    ],
    'deployment-available': [
      ['no replica is ready', withDeployment({ ready: 0, unavailable: 'it lacks' }), 'error', /no replica is ready/],
      ['the Deployment is not available', withDeployment({ ready: 1, unavailable: 'it lacks' }), 'error', /it lacks/],
      ['there is no Deployment', notInstalled, 'not-applicable'],
    ],
    'replicas-started': [
      [
        'the image of a pod cannot be pulled',
        withPod({ waiting: 'ImagePullBackOff: no such image' }),
        'error',
        /spark-nanny-1: ImagePullBackOff/,
      ],
      ['a terminating pod crashes', withPod({ waiting: 'CrashLoopBackOff', terminating: true }), 'ok'],
      ['a pod is being created', withPod({ waiting: 'ContainerCreating' }), 'ok'],
      ['there is no pod', withInstallation({ pods: readable([]) }), 'error', /no pod for 2 replicas/],
      ['the pods cannot be read', withInstallation({ pods: unread }), 'unknown'],
    ],
    'replicas-ready': [
      ['one replica is not ready', withDeployment({ ready: 1 }), 'warning', /^1 of 2 are ready$/],
      ['a rollout is in progress', withDeployment({ updated: 1 }), 'warning', /1 of 2 updated/],
      ['a rollout has not been observed yet', withDeployment({ observed: false }), 'warning', /rollout/],
      ['the Deployment is scaled to 0', withDeployment({ wanted: 0, ready: 0, updated: 0 }), 'error', /scaled to 0/],
    ],
    'replicas-same-version': [
      ['the pods have two images', withPod({ image: 'other:2' }), 'warning', /other:2/],
      ['the pods cannot be read', withInstallation({ pods: unread }), 'unknown'],
    ],
    'replicas-redundant': [
      ['there is one replica', withDeployment({ wanted: 1 }), 'warning'],
      ['there is no replica', withDeployment({ wanted: 0 }), 'not-applicable'],
    ],
    'replicas-spread': [
      ['all replicas are on one of two nodes', withPod({ node: 'node-2' }), 'warning', /all 2 are on node-2/],
      [
        'all replicas are on the only node',
        { ...withPod({ node: 'node-2' }), server: { ...healthyEvidence.server, nodes: readable([node]) } },
        'ok',
      ],
      [
        'the nodes cannot be read',
        { ...withPod({ node: 'node-2' }), server: { ...healthyEvidence.server, nodes: unread } },
        'warning',
      ],
      ['only one replica is ready', withPod({ ready: false }), 'not-applicable'],
      ['the pods cannot be read', withInstallation({ pods: unread }), 'unknown'],
    ],
    'disruption-budget': [
      ['there is no PodDisruptionBudget', withInstallation({ budgets: readable([]) }), 'warning'],
      [
        'the PodDisruptionBudget selects other pods',
        withInstallation({
          budgets: readable([{ name: 'x', selector: [{ key: 'app', operator: 'Exists', values: [] }] }]),
        }),
        'warning',
      ],
      ['there is one replica', withDeployment({ wanted: 1 }), 'not-applicable'],
      ['the PodDisruptionBudgets cannot be read', withInstallation({ budgets: unread }), 'unknown'],
    ],
  })
})
