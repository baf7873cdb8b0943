// A file that has its name only when it is whole: written as FILE.part, which grows where one can watch it, and renamed
// at the end of the run.
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { SaccadeError } from '../errors.js'

/** Where an output is while it is written. */
export function partPathOf(path: string): string {
  return `${path}.part`
}

/** An output file that never lies half-written under its final name. */
export class PartFile {
  #bytes = 0

  private constructor(
    readonly path: string,
    readonly partPath: string,
    readonly handle: FileHandle,
  ) {}

  /** Creates FILE.part; a device or FIFO (/dev/null) is written itself. Rejects with ERR_IO, one sentence. */
  static async create(path: string): Promise<PartFile> {
    const there = await stat(path).catch(() => undefined)
    if (there?.isDirectory())
      throw new SaccadeError('ERR_IO', `cannot write ${path}: it is a folder`)
    const partPath = there === undefined || there.isFile() ? partPathOf(path) : path
    try {
      return new PartFile(path, partPath, await open(partPath, 'w'))
    } catch (error) {
      throw writeError(partPath, error, 0)
    }
  }

  /** Writes a whole file; half-written it never has its final name, and after a failure nothing stays. */
  static async write(path: string, data: string | Uint8Array): Promise<void> {
    const file = await PartFile.create(path)
    try {
      await file.append(data)
    } catch (error) {
      await file.abandon(false)
      throw error
    }
    await file.commit()
  }

  /** Appends. Rejects with ERR_IO, one sentence, e.g. when the disk is full. */
  async append(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.handle.write(bytes, at)
        at += bytesWritten
      }
    } catch (error) {
      throw writeError(this.partPath, error, this.#bytes)
    }
    this.#bytes += bytes.length
  }

  /** Writes over the first bytes: a header whose counts are known only at the end. */
  async overwriteStart(bytes: Uint8Array): Promise<void> {
    try {
      await this.handle.write(bytes, 0, bytes.length, 0)
    } catch (error) {
      throw writeError(this.partPath, error, this.#bytes)
    }
  }

  /** Closes and gives the file its name. */
  async commit(): Promise<void> {
    try {
      await this.handle.close()
      if (this.partPath !== this.path) await rename(this.partPath, this.path)
    } catch (error) {
      throw writeError(this.path, error, this.#bytes)
    }
  }

  /** Closes after a failure: FILE.part stays when `keep` is set, as evidence; else nothing stays. */
  async abandon(keep: boolean): Promise<void> {
    await this.handle.close()
    if (!keep && this.partPath !== this.path) await rm(this.partPath, { force: true })
  }
}

function writeError(path: string, cause: unknown, bytes: number): SaccadeError {
  const { code, message } = cause as NodeJS.ErrnoException
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
  const why = full ? `the disk is full after ${bytes} bytes` : (REASONS[code ?? ''] ?? message)
  const hint = full ? 'free some space and start again' : undefined
  return new SaccadeError('ERR_IO', `cannot write ${path}: ${why}`, hint, { cause })
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
}
