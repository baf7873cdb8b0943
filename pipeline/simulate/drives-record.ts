// How the drives of a folder were simulated, beside them: a drive's name says its scene and seed and nothing else, so a run
// that goes on must know whether the pairs that are there are those that it would write.
import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SaccadeError } from '../errors.js'
import { type SimulateSpec, simulate } from './simulate.js'

/** What the drives of one scene have in common; what is absent is drawn from the seed, or the scene's own. */
const record = z.strictObject({
  schema: z.literal('saccade-drives/1'),
  scene: z.string(),
  durationUs: z.number(),
  width: z.number(),
  height: z.number(),
  cars: z.number().optional(),
  people: z.number().optional(),
  sensor: z.record(z.string(), z.number()).optional(),
})
type Drives = z.infer<typeof record>

/**
 * Makes sure that drives of this spec may go into the folder, and notes it in drives-SCENE.json. Seeds do not matter: each
 * has its own pair.
 * @throws ERR_ARGUMENT when drives of the scene are there that were simulated otherwise, or nothing says how; ERR_IO
 */
export async function claimFolder(folder: string, drive: SimulateSpec): Promise<void> {
  const { scene, durationUs, width, height } = simulate(drive).spec
  const { cars, people, sensor } = drive
  const wanted: Drives = {
    schema: 'saccade-drives/1',
    scene,
    durationUs,
    width,
    height,
    ...(cars !== undefined && { cars }),
    ...(people !== undefined && { people }),
    ...(sensor !== undefined && { sensor: Object.fromEntries(Object.entries(sensor).sort()) }),
  }
  const file = `drives-${scene}.json`
  const path = join(folder, file)
  const there = await readRecord(path)
  const apart = there && difference(there, wanted)
  if (there && apart === undefined) return
  if (await holdsDrives(folder, scene))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      apart === undefined
        ? `${folder} holds drives of the scene ${scene}, and no ${file} says how they were simulated`
        : `${folder} holds drives of the scene ${scene} with ${apart}`,
      'choose another folder, or delete those drives',
    )
  await write(path, `${JSON.stringify(wanted, undefined, 2)}\n`)
}

async function readRecord(path: string): Promise<Drives | undefined> {
  try {
    return record.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code !== undefined) throw ioError(path, message, error)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${path} does not say how the drives beside it were simulated`,
      'choose another folder',
      { cause: error },
    )
  }
}

/** Runs for other seeds may begin at the same time, so each has its own part file. */
async function write(path: string, text: string): Promise<void> {
  const part = `${path}.${randomUUID()}.part`
  try {
    await writeFile(part, text)
    await rename(part, path)
  } catch (error) {
    throw ioError(path, (error as Error).message, error)
  }
}

function ioError(path: string, message: string, cause: unknown): SaccadeError {
  return new SaccadeError('ERR_IO', `${path}: ${message}`, undefined, { cause })
}

/** "durationUs 500000, not 1000000"; undefined when both are the same. */
function difference(there: Drives, wanted: Drives): string | undefined {
  const told = (value: unknown) => (value === undefined ? 'not set' : JSON.stringify(value))
  const apart = Object.keys(record.shape).flatMap((key) => {
    const [a, b] = [told(there[key as keyof Drives]), told(wanted[key as keyof Drives])]
    return a === b ? [] : [`${key} ${a}, not ${b}`]
  })
  return apart.length > 0 ? apart.join('; ') : undefined
}

/** Whether a drive of the scene is there; a single one, SCENE-SEED without leading zeros, is not of a series. */
async function holdsDrives(folder: string, scene: string): Promise<boolean> {
  const pattern = new RegExp(`^${scene}-\\d{7,10}_td\\.dat$`)
  return (await readdir(folder)).some((name) => pattern.test(name))
}
