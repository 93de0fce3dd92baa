import { describe } from 'node:test'
import { readable, unreadable } from '../../../../../cli/cluster/reading.ts'
import { node, unread, withServer } from '../healthy-evidence.ts'
import { testCategory } from './table.ts'

const proof = { nativeSidecars: 'yes', restartAllContainers: 'yes', openShift: 'no' } as const
const silence = unreadable('ECONNREFUSED')
const silent = { dryRunProblem: 'HTTP 403: exceeded quota' } as const
const old = { ...node, name: 'old-node', kubelet: [1, 28], declaredFeatures: null } as const
const undeclared = { ...node, name: 'undeclared', declaredFeatures: null } as const

describe('Kubernetes API checks', () => {
  testCategory('kubernetes-api', {
    'api-reachable': [
      ['no answer', withServer({ version: silence }), 'error', /^https:\/\/api:6443: ECONNREFUSED/],
      ['the version alone is kept from us', withServer({ version: unread }), 'ok'],
    ],
    'api-version': [
      ['too old', withServer({ version: readable({ text: 'v1.28.0', numbers: [1, 28] }) }), 'error', /v1\.28\.0/],
      ['a new major', withServer({ version: readable({ text: 'v2.0.0', numbers: [2, 0] }) }), 'ok'],
      ['unread', withServer({ version: unread }), 'unknown'],
    ],
    'api-admission-registration': [
      ['absent', withServer({ admission: readable(false) }), 'error', /there is no API/],
      ['unread', withServer({ admission: unread }), 'unknown'],
    ],
    'api-native-sidecars': [
      ['dropped', withServer({ proof: { ...proof, nativeSidecars: 'no' } }), 'error'],
      [
        'refused',
        withServer({ proof: { ...proof, nativeSidecars: 'unknown' }, ...silent }),
        'unknown',
        /exceeded quota/,
      ],
    ],
    'nodes-native-sidecars': [
      ['an old node', withServer({ nodes: readable([node, old]) }), 'error', /^not supported by old-node/],
      ['a cordoned old node', withServer({ nodes: readable([node, { ...old, schedulable: false }]) }), 'ok'],
      ['no node', withServer({ nodes: readable([]) }), 'error', /no schedulable Linux node/],
      ['unread', withServer({ nodes: unread }), 'unknown'],
    ],
    'api-in-place-restart': [
      [
        'dropped',
        withServer({ proof: { ...proof, restartAllContainers: 'no' } }),
        'warning',
        /the pod of a hung driver fails instead/,
      ],
      ['refused', withServer({ proof: { ...proof, restartAllContainers: 'unknown' }, ...silent }), 'unknown'],
    ],
    'nodes-in-place-restart': [
      ['an old node', withServer({ nodes: readable([node, old]) }), 'warning', /^not supported by old-node/],
      [
        'one that declares nothing',
        withServer({ nodes: readable([node, undeclared]) }),
        'warning',
        /^not supported by undeclared/,
      ],
      ['none declares anything', withServer({ nodes: readable([undeclared]) }), 'ok'],
      ['unread', withServer({ nodes: unread }), 'unknown'],
    ],
  })
})
