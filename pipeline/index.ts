// The public API and nothing else.

export { type DetectOptions, detect } from './detect/detect.js'
export type { Box, Detection, DetectionSet, RunHeader, RunSummary } from './detect/detection.js'
export { Model } from './detect/model.js'
export type * from './detect/plan.js'
export type { RawDetections, Session, SessionOptions, Trace } from './detect/session.js'
export { listModels, type ShippedModel } from './detect/shipped.js'
export { type ErrorCode, SaccadeError } from './errors.js'
export { digestRecording, type RecordingDigest } from './events/digest.js'
export { parseGeometry } from './events/geometry.js'
export { EventPacket, type Geometry, PACKET_CAPACITY, type Trigger } from './events/packet.js'
export { resolveTime, type TimeSpec } from './events/time.js'
export { MqttSink } from './sinks/mqtt.js'
export type { MqttOptions } from './sinks/mqtt-options.js'
export { NdjsonFileSink, NdjsonStreamSink } from './sinks/ndjson.js'
export { Outlet } from './sinks/outlet.js'
export { type SinkContext, type SinkSpec, sinkFromSpec } from './sinks/registry.js'
export { type SerialOptions, SerialSink } from './sinks/serial.js'
export { FrameDecoder, type SerialFrame } from './sinks/serial-decoder.js'
export type { Sink, SinkOpenOptions, SinkState } from './sinks/sink.js'
export { type DatOptions, DatWriter, writeDat } from './sources/dat-writer.js'
export {
  type Label,
  type LabelLayout,
  LabelWriter,
  readLabels,
  writeLabels,
} from './sources/labels.js'
export { openRecording } from './sources/open.js'
export type { OpenOptions, Recording, RecordingFormat } from './sources/recording.js'
export { Ledger, type StageCounts } from './streams/ledger.js'
export { Leased, Pool } from './streams/pool.js'
export { Stream } from './streams/stream.js'
export { WindowBuilder } from './windows/builder.js'
export { checkWindowSpec, frameBytes, openWindows } from './windows/check.js'
export { fitMap } from './windows/fit.js'
export { FrameWindow } from './windows/frame.js'
export type { FitMap, WindowSpec } from './windows/spec.js'
