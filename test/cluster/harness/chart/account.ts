import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { ApiAccess } from '../../../../kubernetes/client.ts'
import type { Cluster } from '../cluster.ts'

/** Access to the API server with a real token of a ServiceAccount. */
export async function accessWithToken(cluster: Cluster, namespace: string, account: string): Promise<ApiAccess> {
  const current = cluster.kubeConfig.getCurrentCluster()
  assert.ok(current)
  const { server, caData, caFile = '' } = current
  const ca = caData ? Buffer.from(caData, 'base64').toString() : readFileSync(caFile, 'utf8')
  const token = await cluster.kubectl(['create', 'token', account, '--namespace', namespace, '--duration=1h'])
  return { server, tls: { ca }, authorization: async () => `Bearer ${token.trim()}` }
}
