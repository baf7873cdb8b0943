// How the drives of a folder were simulated, beside them: a drive's name says its scene and seed and nothing else, so a run
// that goes on must know whether the pairs that are there are those that it would write.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { SaccadeError } from '../errors.js'
import { SIMULATOR, type SimulateSpec, simulate } from './simulate.js'

/** What the drives of one scene have in common; what is absent is drawn from the seed, or the scene's own. */
const record = z.strictObject({
  schema: z.literal('saccade-drives/1'),
  /** Records older than the number have none. */
  simulator: z.number().optional(),
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
 * @throws ERR_ARGUMENT when the record is of other drives, or drives of the scene are there without one; ERR_IO
 */
export async function claimFolder(folder: string, drive: SimulateSpec): Promise<void> {
  const { scene, durationUs, width, height } = simulate(drive).spec
  const { cars, people, sensor } = drive
  const wanted: Drives = {
    schema: 'saccade-drives/1',
    simulator: SIMULATOR,
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
  // In this order: who writes drives wrote the record before them.
  const holds = await holdsDrives(folder, scene)
  let there = await readRecord(path)
  if (there === undefined && holds)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${folder} holds drives of the scene ${scene}, and no ${file} says how they were simulated`,
      'choose another folder, or delete those drives',
    )
  if (there === undefined) {
    if (await create(path, `${JSON.stringify(wanted, undefined, 2)}\n`)) return
    there = await readRecord(path)
  }
  const apart = there && difference(there, wanted)
  if (apart !== undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${folder} is for drives of the scene ${scene} with ${apart}`,
      `choose another folder, or delete ${file} with those drives`,
    )
}

async function readRecord(path: string): Promise<Drives | undefined> {
  try {
    let text = await readFile(path, 'utf8')
    // Another call has created it and not yet written.
    for (let i = 0; i < 10 && text === ''; i++) {
      await setTimeout(20)
      text = await readFile(path, 'utf8')
    }
    return record.parse(JSON.parse(text))
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

/** Runs for other seeds may begin at the same time: one of them creates the record, the others (false) compare with it. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw ioError(path, message, error)
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
