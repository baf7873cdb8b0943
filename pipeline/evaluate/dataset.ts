// Which files belong together in a folder of the Gen1 layout: NAME_bbox.npy, the recording NAME_td.dat (or RVT's
// NAME_td.dat.h5), and in a folder of detections NAME_dt.npy. Paired by name, not by place in a list.
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { SaccadeError } from '../errors.js'

/** A labelled recording. */
export interface LabelledRecording {
  /** What stands before _bbox, folders below the data set's included, with / between them. */
  name: string
  labels: string
  /** Undefined when there is none beside the labels. */
  recording: string | undefined
}

const LABELS = /^(.+)_bbox(_\w+)?\.npy$/
const DETECTIONS = /^(.+)_dt\.npy$/
/** Endings of recordings, the first that is there wins. */
const RECORDINGS = ['_td.dat', '_td.dat.h5'] as const

/**
 * Labelled recordings of a folder and the folders below it, by name; or the one of a label file.
 * @throws ERR_NOT_FOUND when there is none, ERR_FORMAT when two label files have the same name
 * @example
 * for (const { name, labels, recording } of await findLabelled('gen1/test')) console.log(name, labels, recording)
 */
export async function findLabelled(path: string): Promise<LabelledRecording[]> {
  const single = !(await isFolder(path))
  const root = single ? dirname(path) : path
  const files = single ? await readdir(root) : await filesBelow(root)
  const there = new Set(files)
  const wanted = single ? [basename(path)] : files.filter((file) => LABELS.test(file))
  const found = new Map<string, LabelledRecording>()
  for (const file of wanted) {
    const stem = LABELS.exec(file)?.[1]
    if (stem === undefined)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `${path} is not called NAME_bbox.npy, so its recording cannot be found`,
      )
    const name = stem.split(sep).join('/')
    const labels = join(root, file)
    const other = found.get(name)
    if (other !== undefined)
      throw new SaccadeError('ERR_FORMAT', `${other.labels} and ${labels} label the same recording`)
    const recording = RECORDINGS.map((ending) => stem + ending).find((at) => there.has(at))
    found.set(name, { name, labels, recording: recording && join(root, recording) })
  }
  if (found.size === 0)
    throw new SaccadeError('ERR_NOT_FOUND', `${path} holds no labels: no file NAME_bbox.npy`)
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Detection files of a folder and those below it: name -> path. */
export async function findDetections(folder: string): Promise<Map<string, string>> {
  if (!(await isFolder(folder)))
    throw new SaccadeError('ERR_ARGUMENT', `${folder} is a file; detections are read from a folder`)
  const found = new Map<string, string>()
  for (const file of await filesBelow(folder)) {
    const stem = DETECTIONS.exec(file)?.[1]
    if (stem !== undefined) found.set(stem.split(sep).join('/'), join(folder, file))
  }
  return found
}

async function isFolder(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => undefined)
  if (there === undefined) throw new SaccadeError('ERR_NOT_FOUND', `${path} does not exist`)
  return there.isDirectory()
}

/** Paths of all files, from the folder. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true })
  return entries.sort()
}
