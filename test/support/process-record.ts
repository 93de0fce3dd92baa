/** The file that the probes leave behind: of a driver without a JVM, unless the start of its JVM is given. */
export const recordOf = (mainStartTicks: string, jvmStartTicks?: string): string =>
  `${mainStartTicks}\n${jvmStartTicks === undefined ? '' : `j S 1 1 80 ${jvmStartTicks}\n`}end\n`
