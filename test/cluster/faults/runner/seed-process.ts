import { loadAccess } from '../../../../kubernetes/in-cluster-access.ts'
import { type RunOptions, runSeed } from './run.ts'

/** What a process is given as its one argument, in JSON. Its last line is a JSON list of problems, those before are logs. */
export type SeedOptions = Omit<RunOptions, 'access' | 'log'>

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '') as SeedOptions
  const access = await loadAccess(process.env, '')
  const { problems } = await runSeed({ ...options, access, log: console.log })
  console.log(JSON.stringify(problems))
}
