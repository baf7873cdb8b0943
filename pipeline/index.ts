// The public API and nothing else.

export type { Box, Detection, DetectionSet, RunHeader, RunSummary } from './detect/detection.js'
export type * from './detect/plan.js'
export type { RawDetections, Session, SessionOptions, Trace } from './detect/session.js'
export { type ErrorCode, SaccadeError } from './errors.js'
export { EventPacket, type Geometry, PACKET_CAPACITY, type Trigger } from './events/packet.js'
export type { Sink, SinkState } from './sinks/sink.js'
export type { OpenOptions, Recording, RecordingFormat } from './sources/recording.js'
export { Ledger, type StageCounts } from './streams/ledger.js'
export { Leased, Pool } from './streams/pool.js'
export { FrameWindow } from './windows/frame.js'
export type { FitMap, WindowSpec } from './windows/spec.js'
