// What the flags of eval mean.
import type { Config } from '../config/schema.js'
import { windowOverrides } from '../config/windows.js'
import type { Model } from '../detect/model.js'
import { SaccadeError } from '../errors.js'
import type { EvaluateOptions } from '../evaluate/evaluate.js'
import type { CameraName, ProtocolName } from '../evaluate/protocol.js'
import type { TrackRules } from '../evaluate/track-score.js'
import { parseGeometry } from '../events/geometry.js'
import type { ProgressBar } from '../view/progress.js'
import type { CommonOptions, Context } from './command.js'
import { openOptions } from './pipeline.js'

/** What commander reads for eval. */
export interface EvalCommandOptions extends CommonOptions {
  gt?: string
  dt?: string
  model?: string
  against?: string
  againstModel?: string
  rounds?: string
  seed?: string
  patches?: string
  train?: string
  protocol: ProtocolName
  camera: CameraName
  oneSetPerTime?: boolean
  sure?: string
  at?: string
  keep?: string
  jobs?: string
  shard?: string
  html?: string
  failures?: string
  tracks?: true | TrackRules
}

/** A call of eval, its model loaded. */
export interface EvalCall {
  options: EvalCommandOptions
  config: Config
  model: Model | undefined
  bar: ProgressBar
  context: Context
}

/** Flags that say what is looked at; which of the others go with them is eval's to know. */
export function checkCall(options: EvalCommandOptions): void {
  const { gt, patches, against, againstModel, rounds, seed, train, keep, model } = options
  const refuse = (sentence: string, hint?: string) => {
    throw new SaccadeError('ERR_ARGUMENT', sentence, hint)
  }
  if (gt === undefined && patches === undefined)
    refuse('eval needs --gt with labels, or --patches with patches of cars and of background')
  if (train !== undefined && patches === undefined)
    refuse('--train chooses the threshold for --patches')
  if (patches !== undefined && model === undefined) refuse('--patches needs --model')
  if ((rounds ?? seed) !== undefined && (against ?? againstModel) === undefined)
    refuse('--rounds and --seed are for --against')
  if (keep !== undefined && model === undefined)
    refuse('--keep keeps what a model finds; it needs --model')
}

/** Options of evaluate, without the model. */
export function evaluateOptions(options: EvalCommandOptions, config: Config): EvaluateOptions {
  const { gt, dt, protocol, camera, oneSetPerTime, sure, at, keep, jobs, shard } = options
  const { backend, threads, iou, classes, score } = config.model
  const { geometry } = config.source
  return {
    labels: gt!,
    detections: dt,
    protocol,
    camera,
    oneSetPerTime,
    sure: sure === undefined ? undefined : parseShare('--sure', sure),
    geometry: geometry === undefined ? undefined : parseGeometry(geometry),
    session: { backend, threads, iou },
    windows: windowOverrides(config),
    open: openOptions(config),
    classes,
    thresholds:
      at?.split(',').map((score) => parseShare('--at', score)) ??
      (score === undefined ? undefined : [score]),
    keep,
    jobs: parseCount(jobs),
    shard: shard === undefined ? undefined : parseShard(shard),
  }
}

/** What is no number is refused where it is used, with its bounds. */
export function parseCount(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function parseShare(flag: '--at' | '--sure', text: string): number {
  const share = Number(text)
  if (text.trim() !== '' && share >= 0 && share <= 1) return share
  const wanted = flag === '--at' ? 'scores such as 0.25,0.5' : 'a confidence such as 0.5'
  throw new SaccadeError('ERR_ARGUMENT', `${flag} wants ${wanted}, not "${text}"`)
}

/** People count shards from 1. */
function parseShard(text: string): { index: number; count: number } {
  const [, i, n] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []
  const [index, count] = [Number(i) - 1, Number(n)]
  if (i !== undefined && index >= 0 && index < count) return { index, count }
  throw new SaccadeError('ERR_ARGUMENT', `--shard wants i/n with i from 1 to n, not "${text}"`)
}
