import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { respond } from '../../../../admission/admit.ts'
import { skip } from '../../../../admission/decide.ts'
import { createAuthority, issueServingCertificate } from '../../../../certs/pki/issue-certificates.ts'
import { createWebhookServer } from '../../../../webhook/server/server.ts'
import type { Cluster } from '../cluster.ts'

/** A webhook that allows everything and records its requests. */
export interface RecordingWebhook {
  /** The client configuration for a webhook configuration. */
  readonly clientConfig: { readonly url: string; readonly caBundle: string }
  /** `Kind namespace/name` of each request since the last call. */
  takeAsked(): readonly string[]
  stop(): Promise<void>
}

export async function startRecordingWebhook({ nodeAddress }: Cluster): Promise<RecordingWebhook> {
  const authority = createAuthority(new Date())
  const leaf = issueServingCertificate(authority, [nodeAddress], new Date())
  let asked: string[] = []
  const app = createWebhookServer({
    admit: (request) => {
      asked.push(`${request.kind.kind} ${request.namespace}/${request.name}`)
      return respond(request, skip('not-a-driver'))
    },
    certificate: { cert: leaf.certificatePem, key: leaf.privateKeyPem },
    unready: () => [],
    broken: () => [],
    onMalformedRequest: () => {},
  })
  await app.ready()
  app.server.listen(0)
  await once(app.server, 'listening')
  const { port } = app.server.address() as AddressInfo
  const caBundle = Buffer.from(authority.certificatePem).toString('base64')
  return {
    clientConfig: { url: `https://${nodeAddress}:${port}/mutate`, caBundle },
    takeAsked: () => {
      const taken = asked
      asked = []
      return taken
    },
    stop: () => app.close(),
  }
}
