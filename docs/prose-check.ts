/**
 * Entry of `npm run lint:prose`: applies docs/prose-terms.yaml to the pages, the chart's texts and the strings of the code, and
 * limits the length of the pages' sentences. Prints one line for each problem, and exits with 1 if there is one.
 */
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLinter, loadTextlintrc } from 'textlint'
import { findLongSentences } from './sentences.ts'

const root = join(import.meta.dirname, '..')
const pages = ['*.md', 'docs/**/*.md', '.github/**/*.md', 'charts/**/*.md']
const chartTexts = ['charts/**/*.{yaml,txt,tpl}', 'charts/**/dashboard.json', 'examples/*']
const maxSentenceWords = 25
const code = '{admission,certs,charts,cli,cluster,core,docs,kubernetes,legacy,sidecar,spark-ui,webhook}/**/*.ts'

const linter = createLinter({ descriptor: await loadTextlintrc({ configFilePath: join(root, '.textlintrc.json') }) })
let found = 0
for (const path of await findFiles(pages)) {
  const text = await read(path)
  await check(path, path, text)
  checkSentences(path, text)
}
for (const path of await findFiles(chartTexts)) await check(path, 'chart.txt', await read(path))
for (const path of await findFiles([code])) await check(path, 'strings.txt', extractSentences(await read(path)))
console.log(`prose: ${found === 0 ? 'no' : found} problems`)
process.exitCode = found === 0 ? 0 : 1

async function findFiles(patterns: readonly string[]): Promise<readonly string[]> {
  const files = await Array.fromAsync(glob(patterns, { cwd: root }))
  return files.toSorted()
}

function read(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8')
}

/** `kind` is a file name whose extension selects the parser: Markdown, or plain text. */
async function check(path: string, kind: string, text: string): Promise<void> {
  const { messages } = await linter.lintText(text, join(root, kind))
  for (const { loc, message } of messages) console.log(`${path}:${loc.start.line}: ${message.replaceAll('\n', ' ')}`)
  found += messages.length
}

function checkSentences(path: string, text: string): void {
  const long = findLongSentences(text, maxSentenceWords)
  for (const { line, words, start } of long) console.log(`${path}:${line}: ${words} words in a sentence: ${start} …`)
  found += long.length
}

/**
 * The string and template literals of at least three words, each on its line of the source. A literal inside the placeholder of a
 * template belongs to that template's text. Comments are skipped.
 */
function extractSentences(source: string): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g
  let text = ''
  let end = 0
  for (const { 0: literal, index } of source.matchAll(token)) {
    text += source.slice(end, index).replace(/[^\n]/g, '')
    end = index + literal.length
    const words =
      literal
        .slice(1, -1)
        .replaceAll('\\n', ' ')
        .match(/\p{L}{2,}/gu) ?? []
    text += literal.startsWith('/') || words.length < 3 ? literal.replace(/[^\n]/g, '') : ` ${literal.slice(1, -1)}`
  }
  return text
}
