/** Whether a value is not a secret: empty, a boolean, a reference or already redacted. */
export const isFalsePositive = (value: string): boolean =>
  value.length < 2 ||
  /^(true|false|null|none|nil|undefined|yes|no|n\/a|not set|<(?:redacted|hidden|none|null|unset)>|\$\{[^{}]{1,300}\}|\$\([\w.-]{1,300}\)|\$\w{1,100}|[*x.•]+|\*{3,}\(redacted\))$/i.test(
    value,
  ) ||
  /^\[redacted(?:\][\])},;.:"'`]*)?$/.test(value)

/** Whether a value consists of ordinary words and at most a trailing number. Such values occur in many unrelated places. */
export const isPlainWord = (value: string): boolean =>
  value.length < 24 &&
  /^(?:[a-z]{1,15}|[A-Z][a-z]{1,14}|[A-Z]{1,15})(?:[-_. ](?:[a-z]{1,15}|[A-Z][a-z]{1,14}|[A-Z]{1,15}))*\d{0,2}$|^\d{1,9}$/.test(
    value,
  )

/** Whether the word after “password is” or “token:” continues a sentence and is not the secret itself. */
export function continuesSentence(word: string): boolean {
  const bare = word.replace(/[.,;:!?)\]}'"]{1,3}$/, '')
  return (
    /^[A-Za-z][a-z]*(?:'t|n't)?$/.test(bare) &&
    (isSaid.has(bare.toLowerCase()) || /(?:ed|ing|able|ible|tion|sion)$/.test(bare))
  )
}

/** Whether a value on its own line is a sentence. A passphrase may also consist of words. */
export function isSentence(value: string): boolean {
  const words = value.split(/\s+/, 3)
  return words.slice(0, 2).every(continuesSentence)
}

const isSaid: ReadonlySet<string> = new Set(
  (
    'a absent also an and any are as at authentication be been being blank by can cannot could default did does ' +
    'empty error failure flag for forbidden from has have header if ill in incorrect insecure into invalid is it its ' +
    'kept known least long longer malformed mandatory may mechanism method missing must my needs neither never no none nor not ' +
    'now null of off old on only onto optional option or our out parameter plain policy present public safe same secret ' +
    'set shall short should shown so still strong stale than that the then there this to token too unauthorized unset ' +
    'unavailable unexpected unknown until use used valid value was weak were when where which while will with within ' +
    'without wrong you your already yet here given field key file authority source bucket character characters string'
  ).split(' '),
)
