/** The file that the probes of a driver without a JVM leave behind. */
export const recordOf = (mainStartTicks: string): string => `${mainStartTicks}\nend\n`
