import type { TestContext } from 'node:test'
import { type FakeApiServer, startFakeApiServer } from '../support/fake-api-server.ts'
import {
  configurationPath,
  type FakeCertificateObjects,
  parseCaBundles,
  type StoredObject,
  secretPath,
} from './fake-certificate-api.ts'

/** The fake API server with one Secret and one webhook configuration. */
export interface CertificateApiServer
  extends FakeCertificateObjects,
    Pick<FakeApiServer, 'port' | 'serviceAccountDir'> {
  /** `METHOD path?query` of each request except watches. */
  readonly requests: readonly string[]
}

const collectionOf = (path: string) => path.slice(0, path.lastIndexOf('/')).replace('/namespaces/spark-nanny', '')
const collections = { secret: collectionOf(secretPath), configuration: collectionOf(configurationPath) }

export async function startCertificateApiServer(t: TestContext): Promise<CertificateApiServer> {
  const api = await startFakeApiServer()
  t.after(() => api.close())
  api.define(...Object.values(collections))
  const secret = () => api.get(collections.secret, 'spark-nanny', 'tls') as StoredObject | undefined
  const configuration = () => api.get(collections.configuration, '', 'spark-nanny') as StoredObject | undefined
  return {
    port: api.port,
    serviceAccountDir: api.serviceAccountDir,
    requests: api.requests,
    secret,
    configuration,
    caBundles: () => parseCaBundles(configuration()),
    put: (kind, object) => api.set(collections[kind], object),
    remove: (kind) => {
      const object = kind === 'secret' ? secret() : configuration()
      if (object !== undefined) api.remove(collections[kind], object)
    },
  }
}
