import { readFileSync } from 'node:fs'

/** TCP_LISTEN of the kernel's include/net/tcp_states.h, as /proc/net/tcp prints it. */
const listenState = '0A'

/** The listening ports in a table in the format of /proc/net/tcp and /proc/net/tcp6. */
export function parseListeningPorts(table: string): ReadonlySet<number> {
  const ports = new Set<number>()
  for (const line of table.split('\n').slice(1)) {
    const [, local, , state] = line.trim().split(/\s+/)
    const port = Number.parseInt(local?.split(':').at(-1) ?? '', 16)
    if (state === listenState && Number.isInteger(port)) ports.add(port)
  }
  return ports
}

/** The listening ports of the pod. A table that cannot be read is skipped. */
export function readListeningPorts(tables: readonly string[]): ReadonlySet<number> {
  const ports = new Set<number>()
  for (const table of tables) {
    try {
      for (const port of parseListeningPorts(readFileSync(table, 'utf8'))) ports.add(port)
    } catch {
      // The system is not Linux, or has no IPv6.
    }
  }
  return ports
}
