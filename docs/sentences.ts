/** A sentence of a Markdown page that has too many words. */
export interface LongSentence {
  /** The last line of the sentence's paragraph or list item, or the line of its table row. */
  readonly line: number
  readonly words: number
  /** The beginning of the sentence. */
  readonly start: string
}

/** Returns the sentences of a page with more than `maxWords` words. A piece of inline code counts as one word. */
export function findLongSentences(markdown: string, maxWords: number): readonly LongSentence[] {
  return splitBlocks(markdown).flatMap(({ line, text }) =>
    toPlainText(text)
      .split(/(?<=[.!?][)”"]?)\s+/)
      .map((sentence) => ({ line, words: countWords(sentence), start: sentence.slice(0, 80).trim() }))
      .filter((sentence) => sentence.words > maxWords),
  )
}

interface Block {
  readonly line: number
  readonly text: string
}

/** The paragraphs, list items and table cells of a page, without headings, code blocks and HTML comments. */
function splitBlocks(markdown: string): readonly Block[] {
  const prose = markdown.replace(/^ *```[\s\S]*?^ *```$|<!--[\s\S]*?-->/gm, (code) => code.replace(/[^\n]/g, ''))
  const blocks: Block[] = []
  let paragraph = ''
  for (const [index, line] of prose.split('\n').entries()) {
    const isContinued = paragraph !== '' && !/^ *(?:$|[#|]|[-*] |\d+\. )/.test(line)
    if (isContinued) blocks.pop()
    if (line.startsWith('|')) {
      blocks.push(...line.split(/(?<!\\)\|/).map((text) => ({ line: index + 1, text })))
      paragraph = ''
    } else {
      const text = line.replace(/^(?:#.*| *(?:[-*] |\d+\. ))/, '').trim()
      paragraph = isContinued ? `${paragraph} ${text}` : text
      blocks.push({ line: index + 1, text: paragraph })
    }
  }
  return blocks
}

/** Replaces inline code by one word and links by their text. */
function toPlainText(markdown: string): string {
  return markdown
    .replace(/(`+)[^`](?:.*?[^`])?\1(?!`)/g, 'code')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}/g, '')
}

function countWords(sentence: string): number {
  return sentence.match(/\S*[\p{L}\p{N}]\S*/gu)?.length ?? 0
}
