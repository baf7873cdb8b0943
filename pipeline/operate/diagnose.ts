// Looks at the machine: what saccade needs, what it can use, and what to do about what is missing.
import { availableParallelism } from 'node:os'
import { findCameras } from './find-cameras.js'

/** One finding. */
export interface Check {
  name: string
  /** `ok`, `missing` (something required) or `absent` (something optional). */
  state: 'ok' | 'missing' | 'absent'
  /** What was found, or what to do. */
  detail: string
}

/** All findings in the order in which they should be mended. Never throws. */
export async function diagnose(): Promise<Check[]> {
  return [
    checkNode(),
    ...(await checkAddon()),
    await checkDefaultModel(),
    await checkOracle(),
    ...findCameras(),
    await checkLibcaer(),
    checkProcessors(),
  ]
}

function checkNode(): Check {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  const name = 'Node.js'
  return major > 20 || (major === 20 && minor >= 19)
    ? { name, state: 'ok', detail: process.versions.node }
    : { name, state: 'missing', detail: `${process.versions.node}; saccade needs 20.19 or later` }
}

async function checkAddon(): Promise<Check[]> {
  const name = 'native addon'
  let info: () => { isa: string; supported: string[] }
  try {
    info = (await import('../detect/native.js')).kernelInfo
  } catch (error) {
    return [{ name, state: 'missing', detail: (error as Error).message }]
  }
  const loaded: Check = { name, state: 'ok', detail: `${process.platform}-${process.arch}` }
  return [loaded, checkInstructionSet(info)]
}

function checkInstructionSet(info: () => { isa: string; supported: string[] }): Check {
  const name = 'instruction set'
  try {
    const { isa, supported } = info()
    return { name, state: 'ok', detail: `${isa} (this machine runs ${supported.join(', ')})` }
  } catch (error) {
    return { name, state: 'missing', detail: (error as Error).message }
  }
}

async function checkDefaultModel(): Promise<Check> {
  const name = 'default model'
  const { shippedNames } = await import('../detect/shipped.js')
  if (shippedNames().length === 0)
    return { name, state: 'absent', detail: 'no models in this installation; --model takes a path' }
  try {
    const { Model } = await import('../detect/model.js')
    const model = await Model.load()
    await (await model.open()).close()
    return { name, state: 'ok', detail: `${model.name}, finds ${model.labels.join(', ')}` }
  } catch (error) {
    return { name, state: 'missing', detail: (error as Error).message }
  }
}

async function checkOracle(): Promise<Check> {
  const name = 'onnxruntime-node'
  try {
    await import('onnxruntime-node')
    return { name, state: 'ok', detail: '--backend onnx works' }
  } catch {
    return {
      name,
      state: 'absent',
      detail: 'only --backend onnx needs it: npm install onnxruntime-node',
    }
  }
}

/** libcaer is looked for only when one of its cameras is opened. */
async function checkLibcaer(): Promise<Check> {
  const name = 'libcaer'
  const { hasLibcaer } = await import('../sources/caer.js')
  return hasLibcaer()
    ? { name, state: 'ok', detail: 'cameras of iniVation on USB can be opened (caer:…)' }
    : {
        name,
        state: 'absent',
        detail: 'only cameras of iniVation on USB need it: install libcaer 3.3',
      }
}

function checkProcessors(): Check {
  return { name: 'processors', state: 'ok', detail: `${availableParallelism()} (--threads)` }
}
