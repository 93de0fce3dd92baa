/** Entry of `npm run bench -- webhook|sidecar|controller|recovery`. The last line of each is JSON. */
const benches = {
  webhook: async () => (await import('./webhook.ts')).benchWebhook(),
  sidecar: async () => (await import('./sidecar.ts')).benchSidecar(),
  controller: async () => (await import('./controller.ts')).benchController(),
  recovery: async () => (await import('./recovery.ts')).benchRecovery(),
} satisfies Record<string, () => Promise<void>>

const [name = '', ...rest] = process.argv.slice(2)
const bench = Object.entries(benches).find(([key]) => key === name)?.[1]
if (bench === undefined || rest.length > 0) {
  console.error(`usage: npm run bench -- ${Object.keys(benches).join('|')}`)
  process.exitCode = 2
} else {
  await bench()
}
