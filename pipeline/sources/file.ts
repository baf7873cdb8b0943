// Files are opened and read here, so that what goes wrong is said in the same sentences for every format.
import { read } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { SaccadeError } from '../errors.js'

// Not FileHandle.read: Node makes an ArrayBuffer of 200 bytes for each call of that.
const readInto = promisify(read)

/** Opens a regular file for reading. Rejects with ERR_NOT_FOUND or ERR_IO. */
export async function openForReading(
  path: string,
): Promise<{ handle: FileHandle; size: number; mtimeMs: number }> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const stat = await handle.stat()
    if (stat.isFile()) return { handle, size: stat.size, mtimeMs: stat.mtimeMs }
    await handle.close()
    handle = undefined
    throw new SaccadeError(
      'ERR_IO',
      `${path} is ${stat.isDirectory() ? 'a directory' : 'a device or pipe'}, not a file`,
    )
  } catch (error) {
    await handle?.close()
    throw error instanceof SaccadeError ? error : readError(path, error)
  }
}

/** Fills `into` from `position` on and returns the bytes read; fewer than asked only at the end of the file. */
export async function readAt(
  handle: FileHandle,
  path: string,
  into: Uint8Array,
  length: number,
  position: number,
): Promise<number> {
  let got = 0
  try {
    while (got < length) {
      const { bytesRead } = await readInto(handle.fd, into, got, length - got, position + got)
      if (bytesRead === 0) break
      got += bytesRead
    }
  } catch (error) {
    throw readError(path, error)
  }
  return got
}

/** The sentence for a failed open or read. */
function readError(path: string, cause: unknown): SaccadeError {
  const { code, message } = cause as NodeJS.ErrnoException
  const absent = code === 'ENOENT' || code === 'ENOTDIR'
  return absent
    ? new SaccadeError('ERR_NOT_FOUND', `${path} does not exist`, undefined, { cause })
    : new SaccadeError(
        'ERR_IO',
        `cannot read ${path}: ${REASONS[code ?? ''] ?? message}`,
        undefined,
        {
          cause,
        },
      )
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  EIO: 'the disk reports an error',
  ELOOP: 'its links run in a circle',
  EMFILE: 'too many files are open',
}
