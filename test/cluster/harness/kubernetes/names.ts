import { networkInterfaces } from 'node:os'

export const nodeName = 'spark-nanny-node'
export const bridgeName = 'snanny0'
export const podRange = '10.244.0.0/24'
export const serviceRange = '10.96.0.0/16'
/** The address of the `kubernetes` Service, the first of the range. */
export const apiServiceAddress = '10.96.0.1'
export const clusterDomain = 'cluster.local'
export const apiServerPort = 6443

/** The machine's own IPv4 address: pods reach the API server, the DNS and a webhook on the host by it. */
export const hostAddress = (): string => {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (name === bridgeName || name.startsWith('veth')) continue
    const found = addresses?.find(({ family, internal }) => family === 'IPv4' && !internal)
    if (found) return found.address
  }
  throw new Error('the machine has no IPv4 address but its loopback')
}
