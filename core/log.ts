/** One JSON object a line. */
export interface Log {
  debug(line: object): void
  info(line: object): void
  warn(line: object): void
  error(line: object): void
}
