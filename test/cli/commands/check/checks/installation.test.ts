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

const none = { ...healthyEvidence, installations: readable([]) }
const unknown = { ...healthyEvidence, installations: unread }

describe('installation checks', () => {
  testCategory('installation', {
    installed: [
      ['none', none, 'error', /in any namespace/],
      ['none there', { ...none, onlyNamespace: 'x' }, 'error', /in namespace x/],
      [
        'two',
        { ...healthyEvidence, installations: readable([healthyInstallation, healthyInstallation]) },
        'warning',
        /there are 2/,
      ],
      ['unread', unknown, 'unknown'],
    ],
    'deployment-available': [
      ['none ready', withDeployment({ ready: 0, unavailable: 'it lacks' }), 'error', /no replica is ready/],
      ['not available', withDeployment({ ready: 1, unavailable: 'it lacks' }), 'error', /it lacks/],
      ['no installation', none, 'not-applicable'],
    ],
    'replicas-started': [
      ['image', withPod({ waiting: 'ImagePullBackOff: no such image' }), 'error', /spark-nanny-1: ImagePullBackOff/],
      ['one that goes', withPod({ waiting: 'CrashLoopBackOff', terminating: true }), 'ok'],
      ['one that comes', withPod({ waiting: 'ContainerCreating' }), 'ok'],
      ['no pods', withInstallation({ pods: readable([]) }), 'error', /no pod for 2 replicas/],
      ['unread', withInstallation({ pods: unread }), 'unknown'],
    ],
    'replicas-ready': [
      ['one short', withDeployment({ ready: 1 }), 'warning', /^1 of 2 are ready$/],
      ['a rollout', withDeployment({ updated: 1 }), 'warning', /1 of 2 updated/],
      ['a rollout that was not seen yet', withDeployment({ observed: false }), 'warning', /rollout/],
      ['scaled to 0', withDeployment({ wanted: 0, ready: 0, updated: 0 }), 'error', /scaled to 0/],
    ],
    'replicas-same-version': [
      ['two images', withPod({ image: 'other:2' }), 'warning', /other:2/],
      ['unread', withInstallation({ pods: unread }), 'unknown'],
    ],
    'replicas-redundant': [
      ['one', withDeployment({ wanted: 1 }), 'warning'],
      ['none', withDeployment({ wanted: 0 }), 'not-applicable'],
    ],
    'replicas-spread': [
      ['one node of two', withPod({ node: 'node-2' }), 'warning', /all 2 are on node-2/],
      [
        'one node of one',
        { ...withPod({ node: 'node-2' }), server: { ...healthyEvidence.server, nodes: readable([node]) } },
        'ok',
      ],
      [
        'nodes unread',
        { ...withPod({ node: 'node-2' }), server: { ...healthyEvidence.server, nodes: unread } },
        'warning',
      ],
      ['one ready', withPod({ ready: false }), 'not-applicable'],
      ['unread', withInstallation({ pods: unread }), 'unknown'],
    ],
    'disruption-budget': [
      ['none', withInstallation({ budgets: readable([]) }), 'warning'],
      [
        'that of another',
        withInstallation({
          budgets: readable([{ name: 'x', selector: [{ key: 'app', operator: 'Exists', values: [] }] }]),
        }),
        'warning',
      ],
      ['one replica', withDeployment({ wanted: 1 }), 'not-applicable'],
      ['unread', withInstallation({ budgets: unread }), 'unknown'],
    ],
  })
})
