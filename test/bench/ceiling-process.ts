/** The maximum rate of Fastify: a route over TLS that parses the same body and returns a constant. */
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'

const [certFile = '', keyFile = ''] = process.argv.slice(2)
const app = Fastify({
  https: { cert: readFileSync(certFile), key: readFileSync(keyFile), ALPNProtocols: ['http/1.1'] },
  bodyLimit: 3 * 1024 * 1024,
  logger: false,
})
app.post('/mutate', (_request, reply) => {
  reply.send({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'constant', allowed: true },
  })
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(JSON.stringify({ event: 'listening', port: (app.server.address() as AddressInfo).port }))
