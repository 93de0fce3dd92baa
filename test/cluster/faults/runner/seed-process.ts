import { loadAccess } from '../../../../kubernetes/in-cluster-access.ts'
import { type RunOptions, runSeed } from './run-seed.ts'

/** The one argument of a process, as JSON. Its last line is a JSON list of problems; the lines before are logs. */
export type SeedOptions = Omit<RunOptions, 'access' | 'log'>

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '') as SeedOptions
  const access = await loadAccess(process.env, '')
  const { problems } = await runSeed({ ...options, access, log: console.log })
  console.log(JSON.stringify(problems))
}
