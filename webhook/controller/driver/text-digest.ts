import { createHash } from 'node:crypto'

/** A digest in place of a text that is only compared: what a pod causes to be remembered must not be as long as its annotations. */
export const digestText = (text: string): string => createHash('sha256').update(text).digest('base64')
