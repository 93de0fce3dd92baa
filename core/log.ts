/** Writes one JSON object per line. */
export interface Log {
  debug(line: object): void
  info(line: object): void
  warn(line: object): void
  error(line: object): void
}
