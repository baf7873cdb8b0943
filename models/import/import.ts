// An official SpikeYOLO file (.pt) -> ONNX with our neurons and metadata, without Python.

import { readModelFile } from '../../pipeline/detect/plan-file.js'
import { SaccadeError } from '../../pipeline/errors.js'
import { Blocks, type ChainForm, type Merge } from './blocks.js'
import { cheaperForm } from './chain-form.js'
import { type Checkpoint, readCheckpoint, type Variant } from './checkpoint.js'
import { buildNetwork, checkLayout, classCount, REG_MAX, STRIDES } from './network.js'
import { Weights } from './weights.js'
import { type Neuron, OnnxWriter } from './writer.js'

/** Options of `importSpikeYolo`. */
export interface ImportOptions {
  /** Which neuron and input; a state dict does not say, a pickled model does. */
  variant?: Variant
  /** Time steps T. Default: 2 for Gen1 (the published checkpoint), for COCO the file's own, else 1. */
  timesteps?: number
  /** Input size in pixels, multiples of 32. Default: 320 x 320 for Gen1, 640 x 640 for COCO. */
  size?: { width: number; height: number }
  /** What one unit of a u8 frame value means. Default 1/255, as the authors train. */
  inputScale?: number
  /** Names of the classes. Default: the file's, else those of the data set. */
  classes?: string[]
  /** Name of the network in its card. */
  name?: string
  /** Name of the file in sentences, when its bytes are given. */
  file?: string
  /** Forces how SepRepConv chains are written. Default: whichever costs less (chain-form.ts). */
  chains?: ChainForm
}

/** What `importSpikeYolo` made. */
export interface Imported {
  /** The ONNX file. */
  onnx: Uint8Array
  report: ImportReport
}

/** What was found and chosen, for people. */
export interface ImportReport {
  /** "a state dict", "`ema` of a checkpoint", … */
  source: string
  variant: Variant
  timesteps: number
  width: number
  height: number
  inputScale: number
  classes: string[]
  /** Trained numbers, as torch counts them. */
  parameters: number
  /** One per convolution that normalisations or other convolutions were merged into. */
  merges: Merge[]
}

const DEFAULTS = {
  gen1: { side: 320, steps: 2, classes: ['car', 'pedestrian'] },
  coco: { side: 640, steps: 1, classes: [] },
} as const
const LEVELS = 4
/** Length of the window before a label that the Gen1 variant sees. */
const GEN1_WINDOW_US = 250_000
const GREY = 114
const LONGEST_SENTENCE = 400
const CLASS_NAME = /^\P{Cc}{1,100}$/u

/**
 * Reads a SpikeYOLO checkpoint or state dict (bytes or path) and writes it as ONNX.
 * @throws ERR_MODEL for a file that is none or is damaged or hostile, ERR_ARGUMENT for an option that does not fit it,
 * ERR_NOT_FOUND, ERR_IO
 * @example
 * const { onnx, report } = await importSpikeYolo('best.pt', { timesteps: 2 })
 * const { plan } = compile(onnx, { file: 'best.onnx', name: 'best' })
 */
export async function importSpikeYolo(
  source: string | Uint8Array,
  options: ImportOptions = {},
): Promise<Imported> {
  const file = typeof source === 'string' ? source : (options.file ?? 'checkpoint')
  checkOptions(options)
  const bytes = typeof source === 'string' ? await readModelFile(source) : source
  try {
    return convert(readCheckpoint(bytes), options)
  } catch (error) {
    if (!(error instanceof SaccadeError)) throw error
    throw new SaccadeError(error.code, `${file}: ${printable(error.message)}`, error.hint, {
      cause: error,
    })
  }
}

/** Names in a sentence are those of the file: without control characters, and no book. */
function printable(sentence: string): string {
  const line = sentence.replace(/\p{Cc}/gu, '\u{fffd}')
  return line.length <= LONGEST_SENTENCE ? line : `${line.slice(0, LONGEST_SENTENCE)}…`
}

function convert(checkpoint: Checkpoint, options: ImportOptions): Imported {
  const variant = variantOf(checkpoint, options.variant)
  const weights = new Weights(checkpoint)
  checkLayout(weights)
  const { side, steps } = DEFAULTS[variant]
  const { width, height } = options.size ?? { width: side, height: side }
  const timesteps =
    options.timesteps ?? (variant === 'coco' ? (checkpoint.repeats ?? steps) : steps)
  const inputScale = options.inputScale ?? 1 / 255
  const classes = classNames(weights, checkpoint, variant, options.classes)

  const neuron: Neuron =
    variant === 'gen1'
      ? { function: 'ILIFTau', constant: checkpoint.tau ?? 2, levels: LEVELS }
      : { function: 'ILIF', constant: 0.25, levels: LEVELS }
  const out = new OnnxWriter(timesteps, neuron, { channels: 3, height, width })
  const blocks = new Blocks(weights, out, options.chains ? () => options.chains! : cheaperForm)
  buildNetwork(weights, blocks, out)

  const found = { variant, timesteps, width, height, inputScale, classes }
  const report: ImportReport = {
    source: checkpoint.source,
    ...found,
    parameters: weights.parameters,
    merges: blocks.merges,
  }
  return { onnx: out.encode(metadata(report, options.name)), report }
}

function variantOf(checkpoint: Checkpoint, asked: Variant | undefined): Variant {
  const { variant = asked } = checkpoint
  if (variant === undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      'a state dict does not say which neurons it was trained with',
      'add --variant gen1 or --variant coco',
    )
  if (asked !== undefined && asked !== variant)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `its neurons are those of the ${variant} variant, not of ${asked}`,
      'leave out --variant: a checkpoint says what it is',
    )
  return variant
}

function classNames(
  weights: Weights,
  checkpoint: Checkpoint,
  variant: Variant,
  asked: string[] | undefined,
): string[] {
  const count = classCount(weights)
  if (asked !== undefined && asked.length !== count)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `${asked.length} class names are given; the network has ${count} classes`,
    )
  const known = asked ?? checkpoint.classes?.map(spelled) ?? DEFAULTS[variant].classes
  if (known.length === count && known.every((name) => CLASS_NAME.test(name))) return [...known]
  return Array.from({ length: count }, (_, i) => `class${i}`)
}

/** gen1.yaml of the authors spells a class so. */
function spelled(name: string): string {
  return name === 'persidian' ? 'pedestrian' : name
}

function metadata(report: ImportReport, name: string | undefined): Record<string, unknown> {
  const { variant, timesteps, width, height, inputScale, classes, merges } = report
  const gen1 = variant === 'gen1'
  const split = merges.filter(({ form }) => form === 'split').length / 2
  const lossy = merges.filter(({ lossless }) => !lossless).length
  return {
    'saccade.format': '1',
    'saccade.input': {
      window: 'polarity-last',
      // Slices of whole µs, as the authors cut them; for T that does not divide 250 000 a few µs less.
      duration_us: timesteps * Math.floor(GEN1_WINDOW_US / timesteps),
      bins: timesteps,
      steps: timesteps,
      timeOrder: gen1 ? 'newest-first' : 'oldest-first',
      scale: inputScale,
      width,
      height,
      channels: 3,
      ...(gen1 && { letterbox: { sensorWidth: 304, sensorHeight: 240, pad: GREY } }),
    },
    'saccade.head': { type: 'dfl', reg_max: REG_MAX, strides: STRIDES, classes },
    'saccade.detect': { score: 0.25, iou: 0.7, max: 300, multiLabel: true },
    'saccade.card': {
      ...(name !== undefined && { name }),
      architecture: `SpikeYOLO, ${gen1 ? 'Gen1' : 'COCO'} variant, ${(report.parameters / 1e6).toFixed(1)} M parameters, T = ${timesteps}, D = ${LEVELS}`,
      source: report.source,
      input: gen1
        ? 'the last event of each pixel in each slice, 255 or 0 on grey 127, latest slice first'
        : 'a still picture, RGB, the same at every step; frames of events are not what it was trained on',
      merged: `${merges.length} convolutions with their normalisations and linear neighbours, in float64; ${lossy === 0 ? 'no weight was rounded' : `weights of ${lossy} were rounded to float32`}`,
      SepRepConv: `${split} as 1x1 on integers and depthwise 3x3 in float32, ${merges.filter(({ modules }) => modules.some((m) => m.endsWith('pwconv3.body.1.1'))).length} as one dense 3x3`,
    },
  }
}

function checkOptions({ variant, timesteps, size, inputScale, classes }: ImportOptions): void {
  const fail = (what: string) => {
    throw new SaccadeError('ERR_ARGUMENT', what)
  }
  if (variant !== undefined && !Object.hasOwn(DEFAULTS, variant))
    fail(`there is no variant "${variant}"; there are gen1 and coco`)
  if (
    timesteps !== undefined &&
    !(Number.isInteger(timesteps) && timesteps >= 1 && timesteps <= 64)
  )
    fail(`timesteps must be a whole number from 1 to 64, not ${timesteps}`)
  if (inputScale !== undefined && !(inputScale > 0 && inputScale <= 1e6))
    fail(`the input scale must be above 0 and at most 1e6, not ${inputScale}`)
  for (const side of [size?.width ?? 32, size?.height ?? 32])
    if (!(Number.isInteger(side) && side % 32 === 0 && side >= 32 && side <= 8192))
      fail(`width and height must be multiples of 32 up to 8192, not ${side}`)
  const odd = classes?.find((name) => !CLASS_NAME.test(name))
  if (odd !== undefined) fail(`a class name has 1 to 100 printable characters, not "${odd}"`)
}
