// No command writes over what it reads: outputs replace the file of their name, however carefully.
import { stat } from 'node:fs/promises'
import { SaccadeError } from '../errors.js'
import { partPathOf } from './part-file.js'

/**
 * Throws ERR_ARGUMENT when `output`, or the FILE.part that it is until it is whole, is one of the files that are read, by
 * whatever path or link. Called before any work; names that are undefined or no files (a model's name, a folder, a device)
 * are no concern.
 */
export async function keepInputs(
  output: string | undefined,
  inputs: readonly (string | undefined)[],
): Promise<void> {
  if (output === undefined) return
  for (const path of [output, partPathOf(output)]) {
    const written = await fileAt(path)
    if (written === undefined) continue
    for (const input of inputs) {
      const read = await fileAt(input)
      if (read?.dev === written.dev && read.ino === written.ino)
        throw new SaccadeError(
          'ERR_ARGUMENT',
          `${output}: the output would overwrite ${input}, which is read`,
          'give the output another name',
        )
    }
  }
}

/** What tells a file from all others; undefined when there is none. */
async function fileAt(path: string | undefined): Promise<{ dev: bigint; ino: bigint } | undefined> {
  if (path === undefined) return undefined
  // As bigints: numbers of large file systems are above 2^53.
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found?.isFile() ? found : undefined
}
