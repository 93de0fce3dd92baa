import { styleText } from 'node:util'

/** Who a line is of; a colour each. */
export type Speaker = 'webhook' | 'kubelet' | 'driver' | 'sidecar' | 'demo'

const colours = {
  webhook: 'magenta',
  kubelet: 'blue',
  driver: 'yellow',
  sidecar: 'cyan',
  demo: 'white',
} as const satisfies Record<Speaker, string>

export interface Timeline {
  /** Milliseconds since the demo began. */
  nowMs(): number
  /** `pod` is the act that the line belongs to, empty for both. */
  say(pod: string, speaker: Speaker, text: string): void
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
    say(pod, speaker, text) {
      const time = `${(nowMs() / 1000).toFixed(1).padStart(5)} s`
      write(`${paint('dim', time)}  ${pod.padEnd(8)}  ${paint(colours[speaker], speaker.padEnd(7))}  ${text}\n`)
    },
    heading: (text) => write(`\n${paint('bold', text)}\n`),
    print: (text) => write(`${text}\n`),
  }
}
