import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** The port of the debug agent of a driver that runs with {@link debugAgentOption}. */
const debugPort = 5005

/** JVM option: a debugger may connect, and the JVM starts without waiting for one. */
export const debugAgentOption = `-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:${debugPort}`

/** Commands of the JDWP command set VirtualMachine (1). */
const commands = { suspend: 8, resume: 9 } as const

export interface Debugger {
  /** Suspends all threads, as a breakpoint does. */
  readonly suspend: () => Promise<void>
  readonly resume: () => Promise<void>
  /** The agent resumes all threads when its debugger leaves. */
  readonly close: () => void
}

/** Connects to the debug agent of the JVM at `address`. */
export const attachDebugger = async (address: string): Promise<Debugger> => {
  const socket = connect(debugPort, address)
  socket.setTimeout(30_000, () => socket.destroy(new Error(`the debug agent at ${address} does not respond`)))
  await once(socket, 'connect')
  const handshake = 'JDWP-Handshake'
  socket.write(handshake)
  await readBytes(socket, handshake.length)
  let id = 0
  const send = async (command: number): Promise<void> => {
    const header = Buffer.alloc(11)
    header.writeUInt32BE(header.length, 0)
    header.writeUInt32BE(++id, 4)
    header.set([0, 1, command], 8)
    socket.setTimeout(30_000)
    socket.write(header)
    const reply = await readReply(socket, id)
    socket.setTimeout(0)
    const error = reply.readUInt16BE(9)
    if (error !== 0) throw new Error(`the debug agent refuses command ${command}: error ${error}`)
  }
  return {
    suspend: () => send(commands.suspend),
    resume: () => send(commands.resume),
    close: () => socket.destroy(),
  }
}

const readBytes = async (socket: Socket, length: number): Promise<Buffer> => {
  for (;;) {
    const bytes: Buffer | null = socket.read(length)
    if (bytes !== null) return bytes
    await once(socket, 'readable')
  }
}

/** The packet that replies to command `id`. The agent sends events of its own in between. */
const readReply = async (socket: Socket, id: number): Promise<Buffer> => {
  for (;;) {
    const header = await readBytes(socket, 11)
    const length = header.readUInt32BE(0) - header.length
    if (length > 0) await readBytes(socket, length)
    if (header.readUInt32BE(4) === id && header[8] === 0x80) return header
  }
}
