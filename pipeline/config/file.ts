// YAML -> checked tree, with the line and column of whatever is wrong.
import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isNode, isPair, LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { SaccadeError } from '../errors.js'
import { configSchema, settings } from './schema.js'
import { nearest } from './suggest.js'

/** Larger files are no configuration. */
const MOST_BYTES = 1 << 20

/** Sections as written: only keys that are set. */
export type Tree = Record<string, Record<string, unknown>>

/** What a file sets, and where. */
export interface FileLayer {
  tree: Tree
  /** "model.threads" -> "robot.yaml:12:3" */
  places: Map<string, string>
}

/** Reads and checks a configuration file. Throws ERR_NOT_FOUND, ERR_IO or ERR_CONFIG with file:line:column. */
export async function readConfigFile(path: string): Promise<FileLayer> {
  return parseConfig(await readText(path), path)
}

/** Checks the text of a configuration; `path` is for messages and for the paths inside, which count from its folder. */
export function parseConfig(text: string, path: string): FileLayer {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const place = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0)
    return `${path}:${line}:${col}`
  }

  const broken = document.errors[0]
  if (broken) {
    const what = broken.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')
    throw new SaccadeError('ERR_CONFIG', `${place(broken.pos[0])}: no YAML: ${what}`)
  }

  const places = new Map<string, string>()
  visit(document, {
    Pair(_, pair, ancestors) {
      const keys = [...ancestors, pair].filter(isPair).map((p) => String(p.key))
      if (isNode(pair.key)) places.set(keys.join('.'), place(pair.key.range?.[0]))
    },
  })

  const tree = toTree(document, path)
  const checked = configSchema.safeParse(tree)
  if (!checked.success) throw problem(checked.error.issues, tree, places, path)
  for (const { path: keys, isPath } of settings) {
    const [section, key] = keys
    const value = tree[section]?.[key]
    if (isPath && typeof value === 'string' && (key !== 'name' || value.includes('/')))
      tree[section]![key] = resolve(dirname(path), value)
  }
  return { tree, places }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > MOST_BYTES)
      throw new SaccadeError('ERR_CONFIG', `${path} is no configuration: it has ${size} bytes`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof SaccadeError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new SaccadeError(
        'ERR_CONFIG',
        `the configuration ${path} does not exist`,
        'saccade.example.yaml is a commented one to start from',
      )
    if (code === 'EISDIR')
      throw new SaccadeError('ERR_CONFIG', `${path} is a folder, not a configuration`)
    throw new SaccadeError('ERR_IO', `${path} cannot be read: ${code}`, undefined, { cause: error })
  }
}

function toTree(document: ReturnType<typeof parseDocument>, path: string): Tree {
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 20 }) ?? {}
  } catch (error) {
    throw new SaccadeError('ERR_CONFIG', `${path}: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || Array.isArray(value))
    throw new SaccadeError('ERR_CONFIG', `${path}:1:1: a configuration is a map of sections`)
  // A section written without keys ("mqtt:") is empty, not wrong.
  return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, v ?? {}]))
}

function problem(
  issues: readonly z.core.$ZodIssue[],
  tree: Tree,
  places: ReadonlyMap<string, string>,
  path: string,
): SaccadeError {
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  const issue = issues[0]!
  const keys = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const name = issue.keys[0]!
    const at = places.get([...keys, name].join('.')) ?? path
    const section = keys[0]
    const known = section
      ? settings.filter((s) => s.path[0] === section).map((s) => s.path[1])
      : Object.keys(configSchema.shape)
    const meant = nearest(name, known)
    return new SaccadeError(
      'ERR_CONFIG',
      `${at}: unknown key "${name}"${section ? ` in ${section}` : ''}${more}`,
      meant ? `did you mean "${meant}"?` : `known here: ${known.join(', ')}`,
    )
  }
  const [section, key] = keys
  const at = places.get(keys.slice(0, 2).join('.')) ?? path
  if (key === undefined)
    return new SaccadeError('ERR_CONFIG', `${at}: ${section} must be a map of keys${more}`)
  const value = JSON.stringify(tree[section!]?.[key])
  return new SaccadeError(
    'ERR_CONFIG',
    `${at}: ${section}.${key} must be ${issue.message}, not ${value}${more}`,
  )
}
