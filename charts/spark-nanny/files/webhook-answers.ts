/** The program of `helm test`: calls the webhook like the API server, through its Services and verified by its caBundle. */
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

interface Configuration {
  readonly webhooks: readonly {
    readonly name: string
    readonly clientConfig: {
      readonly caBundle?: string
      readonly service: {
        readonly name: string
        readonly namespace: string
        readonly path: string
        readonly port: number
      }
    }
  }[]
}

const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env
const { WEBHOOK_CONFIGURATION: configurationName = '', DEADLINE_SECONDS: deadlineSeconds = '60' } = process.env
const accountDir = process.env.SERVICE_ACCOUNT_DIR ?? '/var/run/secrets/kubernetes.io/serviceaccount'

const driverPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'helm-test', namespace: 'helm-test', labels: { 'spark-role': 'driver' } },
  spec: { containers: [{ name: 'spark-kubernetes-driver', image: 'spark', args: ['driver'] }] },
}
const review = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'helm-test',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    operation: 'CREATE',
    namespace: 'helm-test',
    name: 'helm-test',
    dryRun: true,
    object: driverPod,
  },
}

// Directly after the installation, the CA may not be in the webhook configuration yet.
const endMs = Date.now() + Number(deadlineSeconds) * 1000
for (;;) {
  const problem = await findProblem().catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  )
  if (problem === undefined) break
  console.log(problem)
  if (Date.now() > endMs) {
    console.error(`failed after ${deadlineSeconds} s: ${problem}`)
    process.exit(1)
  }
  await delay(1000)
}

/** Returns undefined if every webhook of the configuration responds; otherwise the problem. */
async function findProblem(): Promise<string | undefined> {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${configurationName}`
  const authorization = `Bearer ${readFileSync(`${accountDir}/token`, 'utf8').trim()}`
  const ca = readFileSync(`${accountDir}/ca.crt`, 'utf8')
  const { status, body } = await call({ host, port, path, ca, headers: { authorization } })
  if (status !== 200) return `the API server responded ${status} for ${configurationName}: ${body.slice(0, 300)}`
  for (const { name, clientConfig } of (JSON.parse(body) as Configuration).webhooks) {
    const { caBundle, service } = clientConfig
    if (caBundle === undefined) return `${name} has no caBundle yet`
    const to = {
      host: `${service.name}.${service.namespace}.svc`,
      port: String(service.port),
      ca: Buffer.from(caBundle, 'base64').toString(),
    }
    const ready = await call({ ...to, path: '/readyz', headers: {} })
    if (ready.status !== 200) return `${to.host} is not ready: ${ready.body}`
    const headers = { 'content-type': 'application/json' }
    const admitted = await call({ ...to, path: service.path, headers, post: JSON.stringify(review) })
    const response = admitted.status === 200 ? JSON.parse(admitted.body).response : undefined
    if (response?.allowed !== true) return `${to.host}${service.path} responded ${admitted.status}: ${admitted.body}`
    console.log(`${name}: ${to.host} responds and its certificate is verified (${response.auditAnnotations?.reason})`)
  }
  return undefined
}

interface Call {
  readonly host: string
  readonly port: string
  readonly path: string
  readonly ca: string
  readonly headers: Readonly<Record<string, string>>
  readonly post?: string
}

async function call({ post, ...options }: Call): Promise<{ readonly status: number; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const method = post === undefined ? 'GET' : 'POST'
  const sent = request({ ...options, method, agent: false, timeout: 5000 }, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
  })
  sent.on('timeout', () => sent.destroy(new Error(`${options.host}: no response for 5 s`)))
  sent.on('error', (error) => reject(new Error(`${options.host}: ${error.message}`)))
  sent.end(post)
  return promise
}
