import { endingException, type Facts, logSource } from './facts.ts'
import type { RuleMatch } from './rule.ts'

export function pythonException(facts: Facts): RuleMatch | undefined {
  const [first] = endingException(facts)
  if (first?.place !== 'traceback') return undefined
  return {
    evidence: [{ source: logSource(facts), line: first.number, excerpt: first.text, count: 1 }],
    details: { exception: first.text.slice(0, 200) },
  }
}

export function uncaughtException(facts: Facts): RuleMatch | undefined {
  const chain = endingException(facts)
  const root = chain.at(-1)
  const [first] = chain
  if (root === undefined || first === undefined) return undefined
  const [head, ...rest] = [first, root]
    .filter((line, index, all) => all.indexOf(line) === index)
    .map(({ number, text }) => ({ source: logSource(facts), line: number, excerpt: text, count: 1 }))
  if (head === undefined) return undefined
  const exception = root.text.replace(/^(Caused by: |: |Exception in thread "[^"]{0,200}" )/, '').slice(0, 200)
  return { evidence: [head, ...rest], details: { exception } }
}
