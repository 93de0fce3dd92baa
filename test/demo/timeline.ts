import { styleText } from 'node:util'

/** The process that a line is about. Each has its own colour. */
export type Source = 'webhook' | 'kubelet' | 'driver' | 'sidecar' | 'demo'

const colours = {
  webhook: 'magenta',
  kubelet: 'blue',
  driver: 'yellow',
  sidecar: 'cyan',
  demo: 'white',
} as const satisfies Record<Source, string>

export interface Timeline {
  /** Milliseconds since the demo began. */
  nowMs(): number
  /** `pod` is the pod that the line is about, or empty for both. */
  report(pod: string, source: Source, text: string): void
  heading(text: string): void
  print(text: string): void
}

/** Lines such as ` 3.2 s  driver-1  kubelet  started …`; coloured when `colour`. */
export function createTimeline(write: (text: string) => void, clock: () => number, colour: boolean): Timeline {
  const beganMs = clock()
  const nowMs = () => clock() - beganMs
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  return {
    nowMs,
    report(pod, source, text) {
      const time = `${(nowMs() / 1000).toFixed(1).padStart(5)} s`
      write(`${paint('dim', time)}  ${pod.padEnd(8)}  ${paint(colours[source], source.padEnd(7))}  ${text}\n`)
    },
    heading: (text) => write(`\n${paint('bold', text)}\n`),
    print: (text) => write(`${text}\n`),
  }
}
