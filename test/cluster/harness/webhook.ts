import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import { freePort } from '../../support/free-ports.ts'
import type { Cluster } from './cluster.ts'
import { sidecarTag } from './images/project.ts'
import { logsDir, projectDir } from './paths.ts'
import { waitFor } from './processes.ts'

export interface WebhookOptions {
  /** Distinguishes webhooks. This one serves the namespaces with the label `webhook: <name>`. */
  readonly name: string
  readonly sidecarImage?: string
  /** Additional configuration. */
  readonly env?: Readonly<Record<string, string>>
}

/** The webhook process on the host and its MutatingWebhookConfiguration, by URL. */
export interface Webhook {
  readonly metricsUrl: string
  /** The HTTP status of /readyz. */
  readonly readyz: () => Promise<number>
  /** Stops the process and keeps the configuration, as if all replicas were gone. */
  readonly stopProcess: () => Promise<void>
  /** Starts the process again. */
  readonly startProcess: () => Promise<void>
  /** Ends the process and deletes the configuration. */
  readonly stop: () => Promise<void>
}

/** Starts the webhook for its labelled namespaces and waits until it is ready. */
export const startWebhook = async (cluster: Cluster, options: WebhookOptions): Promise<Webhook> => {
  const { name, sidecarImage = sidecarTag } = options
  const directory = join(cluster.runDir, 'webhook', `${name}-${process.pid}`)
  mkdirSync(directory, { recursive: true })
  const authority = createAuthority(new Date())
  const leaf = issueServingCertificate(authority, [cluster.nodeAddress], new Date())
  const [certificate, key] = [join(directory, 'tls.crt'), join(directory, 'tls.key')]
  writeFileSync(certificate, leaf.certificatePem)
  writeFileSync(key, leaf.privateKeyPem, { mode: 0o600 })
  const [port, metricsPort] = [await freePort(), await freePort()]
  const env = {
    ...process.env,
    KUBECONFIG: cluster.kubeconfigPath,
    SPARK_NANNY_PORT: String(port),
    SPARK_NANNY_METRICS_PORT: String(metricsPort),
    SPARK_NANNY_TLS_CERT_FILE: certificate,
    SPARK_NANNY_TLS_KEY_FILE: key,
    SPARK_NANNY_SIDECAR_IMAGE: sidecarImage,
    SPARK_NANNY_SIDECAR_IMAGE_PULL_POLICY: 'Never',
    SPARK_NANNY_NAMESPACE: 'default',
    SPARK_NANNY_LEASE: `spark-nanny-${name}-${process.pid}`,
    SPARK_NANNY_NAMESPACE_SELECTOR: `spark-nanny.io/inject=enabled,webhook=${name}`,
    ...options.env,
  }
  const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
  const dispatcher = new Agent({ connect: { ca: authority.certificatePem } })
  const askReady = async () => {
    const { statusCode, body } = await request(`https://${cluster.nodeAddress}:${port}/readyz`, { dispatcher })
    return { statusCode, text: await body.text() }
  }
  let child: ChildProcess | undefined
  const begin = async (): Promise<void> => {
    const output = openSync(join(logsDir, `webhook-${name}.log`), 'a')
    const main = join(projectDir, 'webhook/main.ts')
    const started = spawn(process.execPath, [main], { env, stdio: ['ignore', output, output] })
    closeSync(output)
    child = started
    await waitFor({ what: `webhook ${name} ready (see webhook-${name}.log)`, timeoutMs: 60_000 }, async () => {
      if (started.exitCode !== null) throw new Error(`the webhook ended with ${started.exitCode}`)
      const { statusCode, text } = await askReady()
      if (statusCode !== 200) throw new Error(text)
      return true
    })
  }
  const end = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return
    const closed = once(child, 'exit')
    child.kill('SIGTERM')
    await closed
  }
  await begin()
  const configuration = `spark-nanny-${name}-${process.pid}`
  await cluster.objects.create(
    webhookConfiguration(
      configuration,
      name,
      `https://${cluster.nodeAddress}:${port}/mutate`,
      authority.certificatePem,
    ),
  )
  // The API server reads webhook configurations a moment after they are written.
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  return {
    metricsUrl,
    readyz: async () => (await askReady()).statusCode,
    stopProcess: end,
    startProcess: begin,
    stop: async () => {
      await cluster.kubectl(['delete', 'mutatingwebhookconfiguration', configuration, '--ignore-not-found'])
      await end()
      await cluster.kubectl(['-n', 'default', 'delete', 'lease', env.SPARK_NANNY_LEASE, '--ignore-not-found'])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const webhookConfiguration = (configuration: string, name: string, url: string, ca: string) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: configuration },
  webhooks: [
    {
      name: 'mutate.spark-nanny.io',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      reinvocationPolicy: 'IfNeeded',
      timeoutSeconds: 5,
      namespaceSelector: { matchLabels: { 'spark-nanny.io/inject': 'enabled', webhook: name } },
      clientConfig: { url, caBundle: Buffer.from(ca).toString('base64') },
      rules: [
        {
          operations: ['CREATE'],
          apiGroups: [''],
          apiVersions: ['v1'],
          resources: ['pods', 'services'],
          scope: 'Namespaced',
        },
      ],
    },
  ],
})
