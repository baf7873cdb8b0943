// The examples of the documentation, so that tests can run them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from './shared.js'

/** The first block of code in a language under a heading (## …) of a page in docs/. */
export function example(page: string, heading: string, language: string): string {
  const text = readFileSync(join(packageRoot, 'docs', page), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith(heading))
  const [, code] = new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(section ?? '') ?? []
  if (code === undefined) throw new Error(`${page} has no ${language} under "${heading}"`)
  return `${code}\n`
}
