/** Loaded before a program (`node --import`): every name of the cluster is this machine. */
import dns from 'node:dns'

type Found = (error: null, addresses: string | { address: string; family: number }[], family?: number) => void

const lookup = (_name: string, options: { readonly all?: boolean }, found: Found) =>
  options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)
Object.assign(dns, { lookup })
