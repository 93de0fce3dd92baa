import { between, oneOf, type Random, weighted } from '../../support/random.ts'
import type { Kubelet, KubeletWeather } from './kubelet.ts'
import type { SidecarWeather } from './sidecar-process.ts'
import type { VirtualTime } from './virtual-time.ts'

const minuteMs = 60_000

export type Weather = KubeletWeather & SidecarWeather

export const createWeather = (): Weather => ({
  frozenUntilMs: 0,
  lagMs: () => 0,
  wallSkewMs: 0,
  probesBlockedUntilMs: 0,
  timeouts: 0,
  recordsAreCut: false,
  volumeIsFull: false,
})

interface Disturbed {
  readonly random: Random
  readonly time: VirtualTime
  readonly weather: Weather
  readonly trace: (text: string) => void
  readonly kubelet: Kubelet
}

/** Begins, and returns how long it lasts. `breaks`: whether the restart state may be lost. */
interface Disturbance {
  readonly name: string
  readonly weight: number
  readonly breaks?: boolean
  begin(disturbed: Disturbed): number
}

const disturbances: readonly [Disturbance, ...Disturbance[]] = [
  {
    name: 'the sidecar is frozen',
    weight: 3,
    begin: ({ random, time, weather }) => {
      const lastsMs = between(random, 2_000, oneOf(random, [20_000, 10 * minuteMs]))
      weather.frozenUntilMs = time.nowMs() + lastsMs
      return lastsMs
    },
  },
  {
    name: 'the sidecar is throttled',
    weight: 3,
    begin: ({ random, time, weather }) => {
      const lastsMs = between(random, minuteMs, 15 * minuteMs)
      const worstMs = oneOf(random, [300, 3_000, 20_000])
      weather.lagMs = () => random() * worstMs
      time.at(time.nowMs() + lastsMs, () => {
        weather.lagMs = () => 0
      })
      return lastsMs + worstMs
    },
  },
  {
    name: 'the sidecar crashes',
    weight: 3,
    begin: ({ kubelet }) => {
      kubelet.sidecar()?.kill()
      return 15_000
    },
  },
  {
    name: 'no probe runs',
    weight: 3,
    begin: ({ random, time, weather }) => {
      const lastsMs = between(random, 15_000, 12 * minuteMs)
      weather.probesBlockedUntilMs = time.nowMs() + lastsMs
      return lastsMs + 20_000
    },
  },
  {
    name: 'probes time out',
    weight: 2,
    begin: ({ random, weather }) => {
      weather.timeouts = oneOf(random, [1, 2])
      return 3 * minuteMs
    },
  },
  {
    name: 'the kubelet restarts',
    weight: 3,
    begin: ({ random, time, weather, kubelet }) => {
      const lastsMs = between(random, 5_000, minuteMs)
      weather.probesBlockedUntilMs = time.nowMs() + lastsMs
      kubelet.restart(random() < 0.5)
      return lastsMs + 20_000
    },
  },
  {
    name: 'the wall clock steps',
    weight: 2,
    begin: ({ random, weather }) => {
      weather.wallSkewMs += oneOf(random, [-1, 1]) * between(random, 500, oneOf(random, [60_000, 86_400_000]))
      return 0
    },
  },
  {
    name: 'records are cut',
    weight: 2,
    begin: ({ random, time, weather }) => {
      const lastsMs = between(random, 10_000, 10 * minuteMs)
      weather.recordsAreCut = true
      time.at(time.nowMs() + lastsMs, () => {
        weather.recordsAreCut = false
      })
      return lastsMs + 20_000
    },
  },
  {
    name: 'the volume is full',
    weight: 2,
    breaks: true,
    begin: ({ random, time, weather }) => {
      const lastsMs = between(random, 10_000, 15 * minuteMs)
      weather.volumeIsFull = true
      weather.recordsAreCut = true
      time.at(time.nowMs() + lastsMs, () => {
        weather.recordsAreCut = false
        weather.volumeIsFull = false
      })
      return lastsMs + 20_000
    },
  },
]

/** Half of the pods live in peace, so that what is missed there has no excuse. */
export function scheduleDisturbances(
  disturbed: Disturbed,
  onDisturbed: (untilMs: number, breaks: boolean) => void,
): void {
  const { random, time, trace } = disturbed
  const count = random() < 0.5 ? 0 : Math.ceil(random() * 5)
  for (let index = 0; index < count; index += 1) {
    const { name, breaks = false, begin } = weighted(random, disturbances)
    time.at(between(random, 0, 70 * minuteMs), () => {
      const lastsMs = begin(disturbed)
      trace(`${name}, for ${Math.round(lastsMs / 1000)} s`)
      onDisturbed(time.nowMs() + lastsMs, breaks)
    })
  }
}
