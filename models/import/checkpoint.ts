// A .pt file -> its state dict and what a pickled model says beside it. Plain state dicts are dictionaries of tensors;
// an ultralytics checkpoint is a pickled module tree, whose `ema` is what the authors evaluate when there is one.
import { refuse } from '../onnx/values.js'
import { Inert, type PickleDict, type PickleValue, TensorRef, unpickle } from './pickle.js'
import { TensorReader } from './tensors.js'
import { StoredZip } from './zip.js'

/** The two published forms of SpikeYOLO. */
export type Variant = 'gen1' | 'coco'

/** What a file holds. */
export interface Checkpoint {
  /** Where the weights come from, in words. */
  source: string
  /** Tensors by their state-dict names. */
  tensors: ReadonlyMap<string, TensorRef>
  reader: TensorReader
  /** From the neurons' classes; undefined for a state dict, which does not name them. */
  variant: Variant | undefined
  /** Names of the classes, when the model has them. */
  classes: string[] | undefined
  /** Steps for which a picture is repeated (GetT). */
  repeats: number | undefined
  /** eps of the normalisations, by module name. */
  epsilons: ReadonlyMap<string, number>
  /** tau of the neurons, when they have it. */
  tau: number | undefined
}

const DEEPEST_TREE = 32
/** Entries of modules, looked at: the largest network has about 20,000, a file that names a dictionary often has no end of them. */
const MOST_ENTRIES = 1_000_000
/** `importSpikeYolo` takes no more steps either. */
const MOST_STEPS = 64

/** Reads a .pt file. Throws ERR_MODEL sentences without the file's name. */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const archive = new StoredZip(bytes)
  const folder = topFolder(archive)
  const value = unpickle(archive.read(`${folder}/data.pkl`))
  const reader = new TensorReader(archive, folder)
  const { source, model } = chooseModel(value)
  if (model instanceof Map) return stateDict(source, model, reader)
  const walk = new ModuleWalk()
  walk.visit('', model, 0)
  return {
    source: `${source} of a checkpoint`,
    tensors: walk.tensors,
    reader,
    variant: walk.variant(),
    classes: classNames(attribute(model, 'names')),
    repeats: walk.repeats,
    epsilons: walk.epsilons,
    tau: walk.tau,
  }
}

function topFolder(archive: StoredZip): string {
  const found = [...archive.names].filter((name) => /^[^/]+\/data\.pkl$/.test(name))
  const [pickle] = found
  if (pickle === undefined || found.length > 1)
    throw refuse('this is no PyTorch file: the archive does not hold one data.pkl in one folder')
  const folder = pickle.slice(0, -'/data.pkl'.length)
  if (archive.has(`${folder}/constants.pkl`))
    throw refuse(
      'this is a TorchScript archive, not a checkpoint',
      'import the .pt file that training wrote',
    )
  const order = `${folder}/byteorder`
  if (archive.has(order) && Buffer.from(archive.read(order)).toString().trim() !== 'little')
    throw refuse('its numbers are big-endian; little-endian files are read')
  return folder
}

/** The part of a file that holds the weights: `ema` before `model`, else the whole of it. */
function chooseModel(value: PickleValue): { source: string; model: PickleDict | Inert } {
  if (value instanceof Inert) return { source: 'the model', model: value }
  if (!(value instanceof Map)) throw refuse('it holds neither a state dict nor a checkpoint')
  for (const key of ['ema', 'model']) {
    const part = value.get(key)
    if (part instanceof Inert || part instanceof Map) return { source: `\`${key}\``, model: part }
  }
  return { source: 'a state dict', model: value }
}

function stateDict(source: string, dict: PickleDict, reader: TensorReader): Checkpoint {
  const tensors = new Map<string, TensorRef>()
  for (const [name, tensor] of dict)
    if (typeof name === 'string' && tensor instanceof TensorRef) tensors.set(name, tensor)
  if (tensors.size === 0) throw refuse('it holds no tensors: neither a state dict nor a checkpoint')
  return {
    source,
    tensors,
    reader,
    variant: undefined,
    classes: undefined,
    repeats: undefined,
    epsilons: new Map(),
    tau: undefined,
  }
}

/** Gathers a module tree's tensors and settings. Modules that are named twice are visited twice; cycles end at the limits. */
class ModuleWalk {
  readonly tensors = new Map<string, TensorRef>()
  readonly epsilons = new Map<string, number>()
  repeats: number | undefined
  tau: number | undefined
  readonly #variants = new Set<Variant>()
  #entries = 0

  visit(name: string, module: Inert, depth: number): void {
    if (depth > DEEPEST_TREE) throw refuse('its modules contain each other without end')
    this.#settings(name, module)
    const prefix = name === '' ? '' : `${name}.`
    for (const kind of ['_parameters', '_buffers'])
      for (const [key, tensor] of this.#of(module, kind))
        if (tensor instanceof TensorRef) this.tensors.set(`${prefix}${key}`, tensor)
    for (const [key, child] of this.#of(module, '_modules'))
      if (child instanceof Inert) this.visit(`${prefix}${key}`, child, depth + 1)
  }

  /** Entries of one of a module's dictionaries; each is counted whenever it is looked at. */
  *#of(module: Inert, kind: string): Iterable<[string, PickleValue]> {
    const dict = attribute(module, kind)
    if (!(dict instanceof Map)) return
    for (const [key, value] of dict) {
      this.#entries++
      if (this.#entries > MOST_ENTRIES) throw refuse('its modules contain each other without end')
      if (typeof key === 'string') yield [key, value]
    }
  }

  /** The variant that the neurons' classes name. */
  variant(): Variant {
    const [variant] = this.#variants
    if (variant === undefined || this.#variants.size > 1)
      throw refuse(
        `the model has ${variant === undefined ? 'no' : 'both kinds of'} SpikeYOLO neurons (MultiStepLIFNode or mem_update)`,
      )
    return variant
  }

  #settings(name: string, module: Inert): void {
    switch (module.type.split('.').at(-1)) {
      case 'BatchNorm2d': {
        const epsilon = attribute(module, 'eps')
        if (typeof epsilon !== 'number' || !(epsilon > 0 && epsilon < 1))
          throw refuse(`the normalisation ${name} has no usable eps`)
        this.epsilons.set(name, epsilon)
        return
      }
      case 'MultiStepLIFNode':
        this.#variants.add('gen1')
        this.#leaky(name, module)
        return
      case 'mem_update':
        this.#variants.add('coco')
        return
      case 'MS_GetT': {
        this.#repeat(attribute(module, 'T'))
        return
      }
    }
  }

  #repeat(steps: PickleValue | undefined): void {
    if (steps === undefined) return
    if (!(Number.isInteger(steps) && (steps as number) >= 1 && (steps as number) <= MOST_STEPS))
      throw refuse(
        `it repeats a picture for ${typeof steps === 'number' ? steps : 'an odd number of'} steps; 1 to ${MOST_STEPS} are read`,
      )
    this.repeats = steps as number
  }

  /** The form of ILIFTau: input decayed, soft reset, one tau for all. */
  #leaky(name: string, module: Inert): void {
    const tau = attribute(module, 'tau')
    const memories = attribute(module, '_memories')
    const reset = memories instanceof Map ? memories.get('v_reset') : undefined
    if (typeof tau !== 'number' || attribute(module, 'decay_input') !== true || reset !== null)
      throw refuse(
        `the neuron ${name} does not decay its input or resets hard; SpikeYOLO's neurons decay it and subtract`,
      )
    // A tau below 1 would overshoot its input.
    if (!(tau >= 1 && tau <= 1e6)) throw refuse(`the neuron ${name} has tau = ${tau}`)
    // dfl.lif never runs, but is made like the others.
    if (this.tau !== undefined && this.tau !== tau)
      throw refuse(`its neurons have different tau (${this.tau} and ${tau})`)
    this.tau = tau
  }
}

function attribute(module: Inert, name: string): PickleValue | undefined {
  return module.state instanceof Map ? module.state.get(name) : undefined
}

/** `names`: {0: 'car', 1: …} or a list. */
function classNames(names: PickleValue | undefined): string[] | undefined {
  const list =
    names instanceof Map
      ? Array.from({ length: names.size }, (_, i) => names.get(i))
      : Array.isArray(names)
        ? names
        : undefined
  return list?.every((name) => typeof name === 'string') ? (list as string[]) : undefined
}
