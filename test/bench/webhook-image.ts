import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAuthority, issueServingCertificate } from '../../certs/pki/issue-certificates.ts'

const projectDir = join(import.meta.dirname, '../..')

/** The flags and environment that the image passes to Node, read from its Dockerfile. */
export function imageRuntime() {
  const dockerfile = readFileSync(join(projectDir, 'Dockerfile.webhook'), 'utf8')
  const words: unknown = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]')
  const line = /^ENV (.*)$/m.exec(dockerfile)?.[1] ?? ''
  const env = Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]))
  if (!Array.isArray(words) || words.length < 2 || env.NODE_OPTIONS === undefined) {
    throw new Error('Dockerfile.webhook: no ENTRYPOINT in its JSON form, or no ENV with NODE_OPTIONS')
  }
  return { flags: words.slice(1, -1).map(String), env }
}

/** The bundle of the image, built as in its Dockerfile. */
export function bundleWebhook(): string {
  execFileSync(process.execPath, ['build.ts', 'webhook'], { cwd: projectDir, stdio: 'ignore' })
  return join(projectDir, 'dist/webhook.cjs')
}

/** A serving certificate and its key, as files in `dir`. */
export async function writeCertificate(dir: string) {
  const authority = createAuthority(new Date(), 1)
  const serving = issueServingCertificate(authority, ['localhost'], new Date(), 1)
  const [certFile, keyFile] = [join(dir, 'tls.crt'), join(dir, 'tls.key')]
  await writeFile(certFile, serving.certificatePem)
  await writeFile(keyFile, serving.privateKeyPem, { mode: 0o600 })
  return { certFile, keyFile }
}
