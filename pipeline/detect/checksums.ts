// SHA256SUMS of a model's folder, as `sha256sum` writes and checks them.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SaccadeError } from '../errors.js'

/** Name of the list. */
const LIST = 'SHA256SUMS'
/** An installed package has plans without the networks that they were made from. */
const LEFT_OUT = 'model.onnx'

/** What became of one file of a folder. */
export interface FileCheck {
  file: string
  /** `left out`: model.onnx in an installed package. `not listed`: it is there, and SHA256SUMS does not know it. */
  state: 'ok' | 'differs' | 'missing' | 'left out' | 'not listed'
}

/**
 * Compares the files of a folder with its SHA256SUMS.
 * @throws ERR_NOT_FOUND without such a list, ERR_FORMAT when it is none
 */
export async function checkSums(folder: string): Promise<FileCheck[]> {
  const path = join(folder, LIST)
  if (!existsSync(path)) throw new SaccadeError('ERR_NOT_FOUND', `${folder} has no ${LIST}`)
  const checks: FileCheck[] = []
  for (const [i, line] of (await readFile(path, 'utf8')).trimEnd().split('\n').entries()) {
    // A name and nothing that leads out of the folder.
    const [, sha256, file] = /^([0-9a-f]{64}) [ *]([\w-][\w.-]*)$/.exec(line) ?? []
    if (sha256 === undefined || file === undefined)
      throw new SaccadeError('ERR_FORMAT', `${path}:${i + 1}: no line of sha256sum`)
    checks.push({ file, state: await stateOf(join(folder, file), file, sha256) })
  }
  const listed = new Set([LIST, ...checks.map(({ file }) => file)])
  for (const file of (await readdir(folder)).sort())
    if (!listed.has(file)) checks.push({ file, state: 'not listed' })
  return checks
}

async function stateOf(path: string, file: string, sha256: string): Promise<FileCheck['state']> {
  if (!existsSync(path)) return file === LEFT_OUT ? 'left out' : 'missing'
  const found = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  return found === sha256 ? 'ok' : 'differs'
}
