/** How one case of a set was answered. */
export interface Answer {
  readonly name: string
  /** The kind of fault, as the notes of the set name it. Empty if the first version answered it right. */
  readonly kind: string
  readonly isRight: boolean
  /** Whether the case must not raise an alarm, such as a healthy driver or a manifest that works. */
  readonly isHealthy: boolean
  readonly expected: string
  readonly got: string
}

/** A set of cases with their answers. */
export interface Scored {
  readonly title: string
  readonly answers: readonly Answer[]
}

export interface Score {
  readonly title: string
  readonly cases: number
  readonly right: number
  readonly percent: number
  readonly falseAlarms: number
  readonly wrong: readonly Answer[]
}

export function computeScore({ title, answers }: Scored): Score {
  const wrong = answers.filter(({ isRight }) => !isRight)
  const right = answers.length - wrong.length
  return {
    title,
    cases: answers.length,
    right,
    percent: answers.length === 0 ? 0 : Math.round((1000 * right) / answers.length) / 10,
    falseAlarms: wrong.filter(({ isHealthy }) => isHealthy).length,
    wrong,
  }
}

/** One line per set and, with `verbose`, a table of its wrong answers. */
export function renderScore({ title, cases, right, percent, falseAlarms, wrong }: Score, verbose: boolean): string {
  const line = `${title}: ${percent} % (${right} of ${cases}), false alarms: ${falseAlarms}`
  if (!verbose || wrong.length === 0) return line
  const width = Math.max(...wrong.map(({ name }) => name.length))
  const rows = wrong.map(
    ({ name, kind, expected, got }) => `  ${kind.padEnd(3)} ${name.padEnd(width)}  expected ${expected}; got ${got}`,
  )
  return [line, ...rows].join('\n')
}
