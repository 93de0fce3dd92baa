/** The names of the predecessor's `--apps`, comma-separated, in the form in which it used them in names of pods. */
export function parseLegacyApps(text: string): readonly string[] {
  return text
    .split(',')
    .map((app) => app.trim().toLowerCase().replaceAll('_', '-'))
    .filter((app) => app !== '')
}
