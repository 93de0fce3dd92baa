import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { ApiRequest } from '../../../kubernetes/api.ts'
import { createClient } from '../../../kubernetes/client.ts'
import { podPath, podsPath } from '../../../kubernetes/paths.ts'
import type { Cluster } from './cluster.ts'
import { sidecarTag } from './images/project.ts'
import { driverContainer } from './pods.ts'

/** A person with the ClusterRole `edit` in one namespace, and with the same rights on SparkApplications there. */
export interface Tenant {
  readonly namespace: string
  /** Sends a request as the tenant, and resolves with the body of the response. Rejects if it is refused. */
  readonly send: (request: Pick<ApiRequest, 'method' | 'path' | 'body'>) => Promise<unknown>
  readonly createPod: (pod: object) => Promise<unknown>
  readonly deletePod: (name: string) => Promise<unknown>
  readonly annotatePod: (name: string, annotations: Readonly<Record<string, string>>) => Promise<unknown>
  readonly createApplication: (name: string, annotations: Readonly<Record<string, string>>) => Promise<unknown>
  readonly close: () => void
}

const accountName = 'tenant'
const rbac = 'rbac.authorization.k8s.io'
const applicationGroup = 'sparkoperator.k8s.io'

export const createTenant = async (cluster: Cluster, namespace: string): Promise<Tenant> => {
  await grantEdit(cluster, namespace)
  const token = (await cluster.kubectl(['create', 'token', accountName, '-n', namespace, '--duration=2h'])).trim()
  const server = cluster.kubeConfig.getCurrentCluster()
  assert.ok(server?.caFile)
  const tls = { ca: readFileSync(server.caFile, 'utf8') }
  const api = createClient({ server: server.server, tls, authorization: async () => `Bearer ${token}` })
  const send: Tenant['send'] = async (request) => {
    const patch = request.method === 'PATCH' && { contentType: 'application/merge-patch+json' as const }
    const response = await api.request({ ...request, ...patch, deadlineMs: 30_000 })
    assert.ok(response.kind === 'response' && response.status < 300, JSON.stringify(response).slice(0, 500))
    return response.body
  }
  const pod = (name: string) => podPath({ namespace, name })
  return {
    namespace,
    send,
    createPod: (body) => send({ method: 'POST', path: podsPath(namespace), body }),
    deletePod: (name) => send({ method: 'DELETE', path: `${pod(name)}?gracePeriodSeconds=0` }),
    annotatePod: (name, annotations) => send({ method: 'PATCH', path: pod(name), body: { metadata: { annotations } } }),
    createApplication: (name, annotations) =>
      send({
        method: 'POST',
        path: `/apis/${applicationGroup}/v1beta2/namespaces/${namespace}/sparkapplications`,
        body: {
          apiVersion: `${applicationGroup}/v1beta2`,
          kind: 'SparkApplication',
          metadata: { name, annotations },
          spec: { restartPolicy: { type: 'Always' } },
        },
      }),
    close: api.close,
  }
}

const grantEdit = async (cluster: Cluster, namespace: string): Promise<void> => {
  const metadata = { name: accountName, namespace }
  const subjects = [{ kind: 'ServiceAccount', name: accountName, namespace }]
  await cluster.core.createNamespacedServiceAccount({ namespace, body: { metadata } })
  const rules = [{ apiGroups: [applicationGroup], resources: ['sparkapplications'], verbs: ['*'] }]
  await cluster.objects.create({ apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules })
  for (const [kind, name] of [
    ['ClusterRole', 'edit'],
    ['Role', accountName],
  ] as const) {
    await cluster.objects.create({
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: `${accountName}-${kind.toLowerCase()}`, namespace },
      subjects,
      roleRef: { apiGroup: rbac, kind, name },
    })
  }
}

/** A container that runs a program of the tenant with Node. The sidecar's image has it, and each node has the image. */
const nodeContainer = (name: string, program: string) => ({
  name,
  image: sidecarTag,
  imagePullPolicy: 'Never',
  command: ['/nodejs/bin/node', '-e', program],
  resources: { requests: { cpu: '5m', memory: '32Mi' }, limits: { memory: '96Mi' } },
})

const tenantPod = (name: string, fields: { readonly metadata?: object; readonly spec: object }) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    labels: { 'spark-role': 'driver', 'spark-app-selector': `spark-${name}`, 'spark-app-name': name },
    ...fields.metadata,
  },
  spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, ...fields.spec },
})

/** Answers as the UI of a driver until someone asks for /hang. Then it accepts connections and answers nothing. */
const uiProgram = (name: string) => `
let hangs = false
require('node:http').createServer((request, response) => {
  if (request.url === '/hang') { hangs = true; return response.end() }
  if (!hangs) response.setHeader('content-type', 'application/json').end('[{"id":"spark-${name}"}]')
}).listen(4040)`

/** A pod that looks like a driver without a sidecar: a volume with the sidecar's name keeps the sidecar out. */
export const forgedUi = (name: string) =>
  tenantPod(name, {
    metadata: {
      annotations: { 'spark-nanny.io/assume-driver': 'true', 'spark-nanny.io/unresponsive-deadline': '10s' },
    },
    spec: {
      volumes: [{ name: 'spark-nanny', emptyDir: {} }],
      containers: [
        { ...nodeContainer(driverContainer, uiProgram(name)), ports: [{ name: 'spark-ui', containerPort: 4040 }] },
      ],
    },
  })

/** A pod that looks as if spark-nanny had injected it, with a sidecar that cannot be started. */
export const forgedInjection = (name: string, sidecar: object, env: readonly object[]) =>
  tenantPod(name, {
    spec: {
      initContainers: [
        {
          name: 'spark-nanny',
          image: sidecarTag,
          restartPolicy: 'Always',
          ...sidecar,
          env: [{ name: 'SPARK_NANNY_POLICY', value: '{}' }, ...env],
        },
      ],
      containers: [nodeContainer(driverContainer, 'setInterval(() => {}, 1000)')],
    },
  })

/** A driver as each tenant has it, which only sleeps. spark-nanny injects a sidecar. */
export const sleepingDriver = (name: string) =>
  tenantPod(name, {
    metadata: { annotations: { 'spark-nanny.io/assume-driver': 'true' } },
    spec: { containers: [nodeContainer(driverContainer, 'setInterval(() => {}, 1000)')] },
  })

const requestOf = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
/** What the connections of a flood send: nothing, a request, many at once, or bytes that are not HTTP. */
const floodTexts = ['', requestOf('/status'), requestOf('/metrics').repeat(1_000), '\x16\x03\x01'.repeat(1_000)]

const floodProgram = (host: string, port: number) => `
const texts = ${JSON.stringify(floodTexts)}
const open = (number) => {
  const socket = require('node:net').connect(${port}, '${host}')
  socket.on('error', () => {}).on('close', () => setTimeout(open, 5, number)).resume()
  socket.write(texts[number % texts.length], 'latin1')
}
for (let number = 0; number < 40; number += 1) open(number)`

/** Keeps 40 connections to an address, and opens each again when it is closed. */
export const connectionFlood = (name: string, host: string, port: number) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    containers: [nodeContainer('flood', floodProgram(host, port))],
  },
})
