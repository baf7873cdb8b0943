// saccade trace: every spike of a network on recorded input, compared with what others computed.
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { AUTHORS_NMS, type AuthorsMode } from '../detect/authors-nms.js'
import { Model } from '../detect/model.js'
import { WORK_NUMBERS, type Work } from '../detect/session.js'
import { noWork } from '../detect/teacher.js'
import { SaccadeError } from '../errors.js'
import { keepInputs } from '../sinks/keep-inputs.js'
import { PartFile } from '../sinks/part-file.js'
import { encodeTensors, loadTensors, type Tensor } from '../tensors/safetensors.js'
import { type Comparison, compareTensors, describeDifference } from '../trace/compare.js'
import { samplesOf } from '../trace/samples.js'
import {
  type Distance,
  describeDistance,
  loadTeachers,
  TEACHER_FILES,
  teachSamples,
} from '../trace/teach.js'
import { traceSamples, traceTensors } from '../trace/trace.js'
import { type CommonOptions, type Context, makeCommand, printJson, printTable } from './command.js'
import { addFlags } from './config-options.js'
import { EXIT } from './failure.js'

interface TraceCommandOptions extends CommonOptions {
  input: string
  tensor?: string
  output?: string
  heads?: boolean
  nms?: AuthorsMode
  binary?: boolean
  teacher?: string
  compare?: string
  backend?: 'native' | 'onnx'
  threads?: string
}

/** What was compared with what. */
interface Compared extends Comparison {
  with: string
  /** A difference is a fault, not a distance that the plan admits. */
  strict: boolean
}

export function traceCommand(context: Context): Command {
  const command = makeCommand([
    'saccade trace m.spike --input input.safetensors --tensor x_u8 -o out.safetensors --heads --nms val',
    'saccade trace m.spike --input input.safetensors --tensor x_u8 --compare spikes.safetensors',
    'saccade trace m.spike --input input.safetensors --tensor x_u8 --teacher vectors/gen1_n_small_float',
    'saccade trace m.spike --input input.safetensors --tensor x_u8 --backend onnx',
  ])
  return addFlags(command, ['backend', 'threads'])
    .argument('<model>', 'name of a model (saccade models) or a path')
    .requiredOption('--input <file.safetensors>', 'where the input is')
    .option('--tensor <name>', '[B, T, C, H, W], or [B, C, H, W] for one picture at every step')
    .option(
      '-o, --output <file.safetensors>',
      'spikes u8 [T, B, C, H, W] under the names of layers',
    )
    .option('--heads', 'also the head maps feat0, … and the decoded anchors y')
    .addOption(
      new Option('--nms <mode>', "also boxes by the authors' settings").choices(
        Object.keys(AUTHORS_NMS),
      ),
    )
    .option('--binary', 'run convolutions on spikes as binary accumulations and count them')
    .option(
      '--teacher <folder>',
      'compute each layer from the spikes and currents recorded there, and count flips',
    )
    .option('--compare <file.safetensors>', 'report the first value that differs; exit 1')
    .action((path: string, options: TraceCommandOptions) => trace(path, options, context))
}

async function trace(path: string, options: TraceCommandOptions, context: Context): Promise<void> {
  const { backend = 'native', binary = false, teacher, heads, nms } = options
  const threads = options.threads === undefined ? 1 : Number(options.threads)
  const model = await Model.load(path)
  await keepInputs(options.output, [
    options.input,
    options.compare,
    model.path,
    model.onnxPath,
    ...(teacher === undefined ? [] : TEACHER_FILES.map((name) => join(teacher, name))),
  ])
  const { name, tensor } = await pickTensor(options.input, options.tensor)
  const frames = samplesOf(tensor, name, model.plan)
  const theirs = options.compare === undefined ? undefined : await loadTensors(options.compare)
  const teachers = teacher && (await loadTeachers(teacher, model.plan, frames.length))
  const work = binary ? noWork(model.plan) : undefined

  await using session = await model.open({
    backend,
    threads,
    ...(binary && { form: 'binary' }),
    currents: teacher !== undefined,
  })
  let distance: Distance | undefined
  let traces: Awaited<ReturnType<typeof traceSamples>>
  if (teachers) ({ traces, distance } = await teachSamples(session, frames, teachers, work))
  else traces = await traceSamples(session, frames, { work })
  const ours = traceTensors(session, traces, { heads, nms })

  const compared: Compared[] = []
  if (theirs)
    compared.push({
      ...comparable(ours, theirs.tensors, options.compare!),
      with: options.compare!,
      strict: true,
    })
  if (binary || backend === 'onnx') {
    // The same samples by the engine's dense kernels.
    await using dense = await model.open({ threads, currents: teacher !== undefined })
    const again = await (teachers
      ? teachSamples(dense, frames, teachers).then((taught) => taught.traces)
      : traceSamples(dense, frames))
    compared.push({
      ...compareTensors(ours, traceTensors(dense, again, { heads, nms })),
      with: 'the native engine',
      strict: binary || model.plan.exact === 'yes',
    })
  }
  if (options.output !== undefined) await write(options.output, ours, model)
  if (compared.some(({ first, strict }) => first && strict)) context.exitCode = EXIT.failed

  const summary = summarise(model, ours, frames.length, work)
  if (options.json)
    printJson({ ...summary, isa: session.isa, output: options.output, compared, distance })
  else print(summary, compared, distance, options.output)
  report(compared, options.quiet ?? false)
}

async function pickTensor(
  file: string,
  wanted: string | undefined,
): Promise<{ name: string; tensor: Tensor }> {
  const { tensors } = await loadTensors(file)
  const name = wanted ?? (tensors.size === 1 ? [...tensors.keys()][0]! : '')
  const tensor = tensors.get(name)
  if (tensor !== undefined) return { name, tensor }
  throw new SaccadeError(
    'ERR_ARGUMENT',
    wanted === undefined
      ? `${file} holds ${tensors.size} tensors; --tensor says which`
      : `${file} holds no tensor "${wanted}"`,
    `it holds ${[...tensors.keys()].slice(0, 20).join(', ') || 'none'}`,
  )
}

/** A comparison of nothing is a mistake, not a success. */
function comparable(
  ours: ReadonlyMap<string, Tensor>,
  theirs: ReadonlyMap<string, Tensor>,
  file: string,
): Comparison {
  const comparison = compareTensors(ours, theirs)
  if (comparison.tensors > 0) return comparison
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `${file} holds no tensor of this trace`,
    `it holds ${[...theirs.keys()].slice(0, 5).join(', ')}; add --heads or --nms for what is not spikes`,
  )
}

async function write(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  model: Model,
): Promise<void> {
  const file = await PartFile.create(path)
  // Nothing of the machine: the same spikes are the same file everywhere.
  await file.append(encodeTensors(tensors, { model: model.name, sha256: model.sha256 }))
  await file.commit()
}

interface Summary {
  model: string
  sha256: string
  samples: number
  layers: number
  values: number
  spikes: number
  /** With --binary: accumulations of one weight, per convolution and in all, over all samples. */
  sops?: number
  sopsPerLayer?: Record<string, number>
}

function summarise(
  model: Model,
  ours: ReadonlyMap<string, Tensor>,
  samples: number,
  work: Work | undefined,
): Summary {
  const maps = [...ours.values()].filter(({ dtype }) => dtype === 'U8')
  let spikes = 0
  for (const { data } of maps) for (const spike of data as Uint8Array) spikes += spike
  const summary: Summary = {
    model: model.name,
    sha256: model.sha256,
    samples,
    layers: maps.length,
    values: maps.reduce((sum, { data }) => sum + data.length, 0),
    spikes,
  }
  if (work === undefined) return summary
  const perLayer = model.plan.ops.flatMap((op, i): [string, number][] =>
    op.op === 'conv' && model.plan.tensors[op.input]!.kind === 'spike'
      ? [[op.name, work.numbers[WORK_NUMBERS * i + 3]!]]
      : [],
  )
  const sops = perLayer.reduce((sum, [, count]) => sum + count, 0)
  return { ...summary, sops, sopsPerLayer: Object.fromEntries(perLayer) }
}

const count = (n: number, what: string) => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`

function print(
  { samples, layers, values, spikes, sops }: Summary,
  compared: readonly Compared[],
  distance: Distance | undefined,
  output: string | undefined,
): void {
  if (distance !== undefined) printDistance(distance)
  const lines = [
    `${count(samples, 'sample')}, ${count(layers, 'neuron layer')}, ${count(values, 'value')}, ${count(spikes, 'spike')}`,
  ]
  if (sops !== undefined) lines.push(`${count(sops, 'synaptic operation')}, one weight added each`)
  for (const { with: other, tensors, values, differingValues, differingTensors } of compared)
    lines.push(
      `compared with ${other}: ${count(tensors, 'tensor')}, ${count(values, 'value')}, ${differingTensors === 0 ? 'none differs' : `${count(differingValues, 'value')} in ${count(differingTensors, 'tensor')} differ`}`,
    )
  if (output !== undefined) lines.push(output)
  process.stdout.write(`${lines.join('\n')}\n`)
}

function printDistance(distance: Distance): void {
  const { rows, sentence } = describeDistance(distance)
  printTable(rows)
  process.stdout.write(`under the teacher ${sentence}\n`)
}

function report(compared: readonly Compared[], quiet: boolean): void {
  for (const { with: other, first, strict, untraced } of compared) {
    if (first !== undefined && strict)
      process.stderr.write(`saccade: ${describeDifference(first, other)}\n`)
    else if (first !== undefined && !quiet)
      process.stderr.write(
        `first difference, of a plan that is not exact: ${describeDifference(first, other)}\n`,
      )
    if (untraced.length > 0 && !quiet)
      process.stderr.write(
        `not in this trace: ${untraced.slice(0, 8).join(', ')}${untraced.length > 8 ? `, … (${untraced.length})` : ''}\n`,
      )
  }
}
