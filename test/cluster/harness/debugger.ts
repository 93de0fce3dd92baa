import { spawn } from 'node:child_process'
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

/** Stops each thread of a process as gdb does, without a signal: PTRACE_SEIZE, PTRACE_INTERRUPT. A tracer that ends lets them run. */
const tracer = `import ctypes, os, sys, time
libc = ctypes.CDLL(None)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
pid = sys.argv[1]
for task in os.listdir("/proc/" + pid + "/task"):
    for request in 0x4206, 0x4207:
        libc.ptrace(request, int(task), None, None)
while open("/proc/" + pid + "/stat").read().rsplit(") ", 1)[1][0] != "t":
    time.sleep(0.1)
print("traced", flush=True)
sys.stdin.read()
`

/** Holds a process of this host as gdb does, until the returned function is called. */
export const traceProcess = async (pid: number): Promise<() => Promise<void>> => {
  const child = spawn('python3', ['-c', tracer, String(pid)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const timer = setTimeout(() => child.kill(), 30_000)
  await Promise.race([once(child.stdout, 'data'), ended])
  clearTimeout(timer)
  if (child.exitCode !== null || child.killed) throw new Error(`process ${pid} cannot be traced`)
  return async () => {
    child.stdin.end()
    await ended
  }
}
