// Makes values inside a network visible to an ordinary runtime: they become further outputs of the graph.
import { SaccadeError } from '../../pipeline/errors.js'
import { decodeModel, encodeModel, FLOAT } from './proto.js'

/**
 * The same model with `values` (names of float values in its graph) as outputs after its own.
 * Throws ERR_MODEL when the bytes are no ONNX model.
 */
export function exposeValues(bytes: Uint8Array, values: readonly string[]): Uint8Array {
  const model = decodeModel(bytes)
  if (model.graph === undefined) throw new SaccadeError('ERR_MODEL', 'the ONNX file holds no graph')
  const present = new Set(model.graph.output.map((output) => output.name))
  for (const name of values)
    if (!present.has(name))
      model.graph.output.push({ name, type: { tensorType: { elemType: FLOAT } } })
  return encodeModel(model)
}
