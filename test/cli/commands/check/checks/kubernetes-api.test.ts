import { describe } from 'node:test'
import { readable, unreadable } from '../../../../../cli/cluster/reading.ts'
import { node, unread, withServer } from '../healthy-evidence.ts'
import { testCategory } from './table.ts'

const proof = {
  nativeSidecars: 'yes',
  restartAllContainers: 'yes',
  containerRestartRules: 'yes',
  openShift: 'no',
} as const
const connectionRefused = unreadable('ECONNREFUSED')
const dryRunRefused = { dryRunProblem: 'HTTP 403: exceeded quota' } as const
const oldNode = { ...node, name: 'old-node', kubelet: [1, 28], declaredFeatures: null } as const
const nodeWithoutFeatures = { ...node, name: 'undeclared', declaredFeatures: null } as const

describe('Kubernetes API checks', () => {
  testCategory('kubernetes-api', {
    'api-reachable': [
      [
        'the API server does not respond',
        withServer({ version: connectionRefused }),
        'error',
        /^https:\/\/api:6443: ECONNREFUSED/,
      ],
      ['only the version is forbidden', withServer({ version: unread }), 'ok'],
    ],
    'api-version': [
      [
        'the version is too old',
        withServer({ version: readable({ text: 'v1.28.0', numbers: [1, 28] }) }),
        'error',
        /v1\.28\.0/,
      ],
      [
        'the version has a new major number',
        withServer({ version: readable({ text: 'v2.0.0', numbers: [2, 0] }) }),
        'ok',
      ],
      ['the version cannot be read', withServer({ version: unread }), 'unknown'],
    ],
    'api-admission-registration': [
      ['the admission API does not exist', withServer({ admission: readable(false) }), 'error', /there is no API/],
      ['the admission API cannot be read', withServer({ admission: unread }), 'unknown'],
    ],
    'api-native-sidecars': [
      ['the dry run drops the field', withServer({ proof: { ...proof, nativeSidecars: 'no' } }), 'error'],
      [
        'the dry run is refused',
        withServer({ proof: { ...proof, nativeSidecars: 'unknown' }, ...dryRunRefused }),
        'unknown',
        /exceeded quota/,
      ],
    ],
    'nodes-native-sidecars': [
      ['one node is too old', withServer({ nodes: readable([node, oldNode]) }), 'error', /^not supported by old-node/],
      ['the old node is cordoned', withServer({ nodes: readable([node, { ...oldNode, schedulable: false }]) }), 'ok'],
      ['there is no schedulable Linux node', withServer({ nodes: readable([]) }), 'error', /no schedulable Linux node/],
      ['the nodes cannot be read', withServer({ nodes: unread }), 'unknown'],
    ],
    'api-in-place-restart': [
      [
        'the dry run drops the field',
        withServer({ proof: { ...proof, restartAllContainers: 'no', containerRestartRules: 'no' } }),
        'warning',
        /the pod of a hung driver fails instead/,
      ],
      [
        'the server only knows rules of one container',
        withServer({ proof: { ...proof, restartAllContainers: 'no' } }),
        'ok',
        /of the driver container alone/,
      ],
      [
        'the dry run is refused',
        withServer({ proof: { ...proof, restartAllContainers: 'unknown' }, ...dryRunRefused }),
        'unknown',
      ],
    ],
    'nodes-in-place-restart': [
      [
        'one node is too old',
        withServer({ nodes: readable([node, oldNode]) }),
        'warning',
        /^not supported by old-node/,
      ],
      [
        'one node declares no features',
        withServer({ nodes: readable([node, nodeWithoutFeatures]) }),
        'warning',
        /^not supported by undeclared; a hung driver’s container is restarted alone/,
      ],
      [
        'all nodes only know rules of one container',
        withServer({ nodes: readable([{ ...nodeWithoutFeatures, kubelet: [1, 35] }]) }),
        'ok',
        /of the driver container alone/,
      ],
      ['no node declares features', withServer({ nodes: readable([nodeWithoutFeatures]) }), 'ok'],
      ['the nodes cannot be read', withServer({ nodes: unread }), 'unknown'],
    ],
  })
})
