// What a model found, kept in a folder, so that a run that was stopped goes on and shards meet. Per recording NAME_dt.npy,
// an ordinary detection file, and NAME_dt.json, written after it: with that one the recording is done. evaluation.json says
// whose detections these are.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { SaccadeError } from '../errors.js'
import { readLabels, writeLabels } from '../sources/labels.js'
import type { LabelWindows } from './label-windows.js'

const HEADER = 'evaluation.json'
const SCHEMA = 'saccade-detections/1'

/** Whose detections a folder holds: everything that they depend on besides recordings and label times. */
export interface KeptHeader {
  model: { name: string; sha256: string }
  backend: string
  score: number
  iou: number
  max: number
  window: object
}

/** What the detections of one recording depend on. */
interface Source {
  recordingBytes: number
  labelTimes: number
  labelTimesSha256: string
}

/** Detections of many recordings in a folder. */
export class KeptDetections {
  private constructor(private readonly folder: string) {}

  /**
   * Opens a folder, or begins it.
   * @throws ERR_ARGUMENT when it holds the detections of another model or other settings, ERR_IO
   */
  static async open(folder: string, header: KeptHeader): Promise<KeptDetections> {
    const path = join(folder, HEADER)
    // Through JSON, so that what is undefined is absent on both sides.
    const wanted = JSON.parse(JSON.stringify({ schema: SCHEMA, ...header }))
    const there = await readJson(path)
    if (there === undefined) await writeWhole(path, wanted)
    else if (!isDeepStrictEqual(there, wanted))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${folder} holds detections of ${describe(there)}, not of ${describe(wanted)} with these settings`,
        'give another folder',
      )
    return new KeptDetections(folder)
  }

  /** The detections of a recording; undefined when it is not done, or when recording or labels have changed since. */
  async read(
    name: string,
    recording: string,
    times: readonly number[],
  ): Promise<LabelWindows | undefined> {
    const done = (await readJson(this.#path(name, 'json'))) as
      | (Source & Pick<LabelWindows, 'faults'>)
      | undefined
    if (done === undefined) return undefined
    const { faults, ...source } = done
    if (!isDeepStrictEqual(source, await sourceOf(recording, times))) return undefined
    return { detections: await readLabels(this.#path(name, 'npy')), faults }
  }

  /** Keeps the detections of a recording. */
  async write(
    name: string,
    recording: string,
    times: readonly number[],
    { detections, faults }: LabelWindows,
  ): Promise<void> {
    const path = this.#path(name, 'npy')
    await makeFolder(dirname(path))
    await writeLabels(path, detections)
    await writeWhole(this.#path(name, 'json'), { ...(await sourceOf(recording, times)), faults })
  }

  #path(name: string, ending: 'npy' | 'json'): string {
    return join(this.folder, `${name}_dt.${ending}`)
  }
}

async function sourceOf(recording: string, times: readonly number[]): Promise<Source> {
  const { size } = await stat(recording)
  return {
    recordingBytes: size,
    labelTimes: times.length,
    labelTimesSha256: createHash('sha256').update(times.join('\n')).digest('hex'),
  }
}

function describe(header: unknown): string {
  const model = (header as Partial<KeptHeader> | null)?.model
  return model === undefined ? 'an unknown model' : `${model.name} (${model.sha256?.slice(0, 12)})`
}

async function readJson(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new SaccadeError('ERR_IO', `cannot read ${path}: ${(error as Error).message}`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new SaccadeError('ERR_FORMAT', `${path} is no JSON`, 'delete it')
  }
}

/** Several processes may write the same bytes at once (shards that begin a folder), so each has its own part file. */
async function writeWhole(path: string, value: unknown): Promise<void> {
  await makeFolder(dirname(path))
  const part = `${path}.${randomUUID()}.part`
  try {
    await writeFile(part, `${JSON.stringify(value, undefined, 2)}\n`)
    await rename(part, path)
  } catch (error) {
    throw new SaccadeError('ERR_IO', `cannot write ${path}: ${(error as Error).message}`)
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    throw new SaccadeError('ERR_IO', `cannot make ${path}: ${(error as Error).message}`)
  }
}
