// A network that can be opened: a plan, where it came from, and the backends that run it.
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SaccadeError } from '../errors.js'
import type { WindowSpec } from '../windows/spec.js'
import { openNative } from './native.js'
import { type OnnxForms, openOnnx } from './onnx.js'
import type { Plan } from './plan.js'
import { loadPlan, readModelFile } from './plan-file.js'
import type { Session, SessionOptions } from './session.js'
import { defaultModel, shippedNames, shippedPlan } from './shipped.js'
import { neurons } from './teacher.js'

/** How each backend opens a model. */
const BACKENDS: Record<
  NonNullable<SessionOptions['backend']>,
  (model: Model, options: SessionOptions) => Promise<Session>
> = {
  native: (model, options) => openNative(model.plan, options),
  onnx: async (model, options) => openOnnx(model.plan, await onnxForms(model, options), options),
}

/**
 * A network, immutable and shareable; each session that it opens has its own memory and threads.
 * @example
 * const model = await Model.load()
 * await using session = await model.open({ threads: 2 })
 * const { count, rows } = await session.run(new Uint8Array(4 * 240 * 304))
 */
export class Model {
  private constructor(
    readonly plan: Plan,
    /** The file it was loaded from: .spike or .onnx. */
    readonly path: string,
    /** Its ONNX file, when there is one: the onnx backend needs it. */
    readonly onnxPath: string | undefined,
  ) {
    Object.freeze(this)
  }

  /** Name from the model's card, else that of its file or folder. */
  get name(): string {
    return this.plan.name
  }

  /** sha256 of the ONNX file, hex: the model's identity, whatever runs it. */
  get sha256(): string {
    return this.plan.onnxSha256
  }

  /** The windows that it wants. */
  get window(): WindowSpec {
    return this.plan.window
  }

  /** Names of its classes. */
  get labels(): readonly string[] {
    return this.plan.head.classes
  }

  /** What the file says about itself: name, version, licence, data. */
  get card(): Readonly<Record<string, string>> {
    return this.plan.card
  }

  /**
   * Loads a shipped model by name ("street", "default"), or a .spike or .onnx file, or a folder with model.spike or model.onnx.
   * An ONNX file whose plan lies beside it (same name, same sha256 inside) is not compiled again.
   * @throws ERR_NOT_FOUND when there is no such model, ERR_MODEL when the file is not usable, ERR_IO
   */
  static async load(nameOrPath: string = defaultModel()): Promise<Model> {
    const path = locate(nameOrPath)
    if (path.endsWith('.onnx')) return new Model(await planOfOnnx(path), path, path)
    const plan = await loadPlan(path)
    const onnx = path.replace(/\.spike$/, '.onnx')
    return new Model(plan, path, onnx !== path && existsSync(onnx) ? onnx : undefined)
  }

  /**
   * Opens a session.
   * @throws ERR_ARGUMENT for a wrong option, ERR_ISA, ERR_NOT_FOUND when a backend or its file is missing, ERR_MODEL
   */
  async open(options: SessionOptions = {}): Promise<Session> {
    const { backend = 'native' } = options
    if (!Object.hasOwn(BACKENDS, backend))
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `there is no backend "${backend}"; there are ${Object.keys(BACKENDS).join(' and ')}`,
      )
    return BACKENDS[backend](this, options)
  }
}

/** Names win over files; write ./car for a file that is called like a shipped model. */
function locate(nameOrPath: string): string {
  const shipped = shippedPlan(nameOrPath)
  if (shipped !== undefined) return shipped
  if (!existsSync(nameOrPath)) {
    const names = shippedNames()
    const have = names.length > 0 ? names.join(', ') : 'none in this installation'
    throw new SaccadeError(
      'ERR_NOT_FOUND',
      `there is no model "${nameOrPath}": no shipped one has that name (${have}) and no such file exists`,
      '`saccade models` lists what is shipped',
    )
  }
  if (!statSync(nameOrPath).isDirectory()) return nameOrPath
  const inside = ['model.spike', 'model.onnx'].map((name) => join(nameOrPath, name))
  const found = inside.find((path) => existsSync(path))
  if (found === undefined)
    throw new SaccadeError(
      'ERR_MODEL',
      `${nameOrPath}: the folder holds neither model.spike nor model.onnx`,
    )
  return found
}

async function planOfOnnx(path: string): Promise<Plan> {
  const bytes = await readModelFile(path)
  const beside = path.replace(/\.onnx$/, '.spike')
  if (existsSync(beside)) {
    const plan = await loadPlan(beside)
    if (plan.onnxSha256 === createHash('sha256').update(bytes).digest('hex')) return plan
  }
  // The compiler brings protobufjs along; whoever runs a plan never loads it.
  const { compile } = await import('../../models/index.js')
  return compile(bytes, { file: path, name: nameFor(path) }).plan
}

/** model.onnx is called like its folder, another file by its own name. */
export function nameFor(path: string): string {
  const name = basename(path).replace(/\.(onnx|spike)$/, '')
  return (name === 'model' && basename(dirname(path))) || name
}

async function onnxForms(model: Model, { currents = false }: SessionOptions): Promise<OnnxForms> {
  if (model.onnxPath === undefined)
    throw new SaccadeError(
      'ERR_NOT_FOUND',
      `${model.path}: the onnx backend needs the model's ONNX file, and there is none beside the plan`,
    )
  const bytes = await readModelFile(model.onnxPath)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== model.sha256)
    throw new SaccadeError(
      'ERR_MODEL',
      `${model.onnxPath}: this is not the file that ${model.path} was compiled from`,
      'compile it again with `saccade calibrate`',
    )
  const { exposeValues, teach } = await import('../../models/index.js')
  const layers = neurons(model.plan)
  const values = layers.flatMap(({ spikes, current }) => (currents ? [spikes, current] : [spikes]))
  return { traced: exposeValues(bytes, values), taught: () => teach(bytes, layers) }
}
