// The public API and nothing else.

export { type Converted, type ConvertOptions, convert, type Region } from './convert.js'
export { type DetectOptions, detect } from './detect/detect.js'
export { type DetectAtOptions, detectAt } from './detect/detect-at.js'
export type {
  Box,
  Detection,
  DetectionSet,
  PathPoint,
  RunHeader,
  RunSummary,
  TrackChanges,
  TrackEnd,
  TrackStart,
} from './detect/detection.js'
export { Model } from './detect/model.js'
export type * from './detect/plan.js'
export type { Form, RawDetections, Session, SessionOptions, Trace } from './detect/session.js'
export { listModels, type ShippedModel } from './detect/shipped.js'
export { type ErrorCode, SaccadeError } from './errors.js'
export {
  type ComparedSide,
  type CompareOptions,
  type CompareProgress,
  type Comparison,
  compare,
  type Difference,
} from './evaluate/compare.js'
export type { LabelledRecording } from './evaluate/dataset.js'
export {
  type EvaluatedRecording,
  type EvaluateOptions,
  type EvaluateProgress,
  evaluate,
} from './evaluate/evaluate.js'
export { iou, type LabelledBox, type Matches, matchLabels } from './evaluate/match.js'
export type { OperatingCounts, OperatingPoint } from './evaluate/operating.js'
export {
  type Classification,
  classifyPatches,
  type PatchFigures,
  type PatchOptions,
} from './evaluate/patches.js'
export {
  type CameraName,
  describeRules,
  type ProtocolName,
  type ProtocolOptions,
  type Rules,
  rulesOf,
} from './evaluate/protocol.js'
export type { Told } from './evaluate/ranking.js'
export {
  type ClassScore,
  type Evaluation,
  matchRecording,
  type Precision,
  type RecordingMatches,
  type RecordingScore,
  type ScoreSpec,
  summarise,
} from './evaluate/score.js'
export {
  evaluateTracks,
  type TrackEvaluateOptions,
  type TrackEvaluation,
  type TrackScore,
} from './evaluate/track-evaluate.js'
export {
  countTracks,
  type TrackCounts,
  type TrackedBox,
  type TrackFigures,
  type TrackFrame,
  type TrackRules,
  trackFigures,
} from './evaluate/track-score.js'
export { digestRecording, type RecordingDigest } from './events/digest.js'
export { parseGeometry } from './events/geometry.js'
export { EventPacket, type Geometry, PACKET_CAPACITY, type Trigger } from './events/packet.js'
export { resolveTime, type TimeSpec } from './events/time.js'
export { FilterChain, type FilterOptions } from './filters/chain.js'
export { type FilterCost, filterCosts } from './filters/cost.js'
export * as filters from './filters/index.js'
export type { FilterInput, FilterSpec } from './filters/registry.js'
export { findSensorProfile } from './filters/sensor-folder.js'
export {
  loadSensorProfile,
  type SensorProfile,
  sensorCorrections,
  sensorProfileSchema,
} from './filters/sensor-profile.js'
export { type RunOptions, runHeader, runPipeline } from './run.js'
export { type DrivesSpec, type WrittenDrives, writeDrives } from './simulate/drives.js'
export type { Place } from './simulate/places.js'
export type { SensorSpec } from './simulate/sensor.js'
export { DEFAULT_DRIVE, type SimulateSpec, Simulation, simulate } from './simulate/simulate.js'
export {
  type WriteSimulationOptions,
  type WrittenSimulation,
  writeSimulation,
} from './simulate/write.js'
export { DetectionsNpySink } from './sinks/detections-npy.js'
export { type MavlinkOptions, MavlinkSink } from './sinks/mavlink.js'
export { MqttSink } from './sinks/mqtt.js'
export type { MqttOptions } from './sinks/mqtt-options.js'
export { NdjsonFileSink, NdjsonStreamSink } from './sinks/ndjson.js'
export { NdjsonServerSink } from './sinks/ndjson-server.js'
export { Outlet } from './sinks/outlet.js'
export { type SinkContext, type SinkSpec, sinkFromSpec } from './sinks/registry.js'
export { type RosbridgeOptions, RosbridgeSink } from './sinks/rosbridge.js'
export { type SerialOptions, SerialSink } from './sinks/serial.js'
export { FrameDecoder, type SerialFrame } from './sinks/serial-decoder.js'
export type { Sink, SinkOpenOptions, SinkState } from './sinks/sink.js'
export { Camera, type CameraHealth, type CameraOptions } from './sources/camera.js'
export type { CameraState } from './sources/camera-device.js'
export { type CameraSpec, camera, openCamera } from './sources/camera-registry.js'
export { cameraSerial } from './sources/camera-serial.js'
export type { CameraSettings } from './sources/camera-settings.js'
export { writeDat } from './sources/dat-writer.js'
export type { DvSpec } from './sources/dv.js'
export type { EdvsSpec } from './sources/edvs.js'
export {
  type Label,
  type LabelLayout,
  LabelWriter,
  readLabels,
  writeLabels,
} from './sources/labels.js'
export { liveStream } from './sources/live-stream.js'
export { openRecording } from './sources/open.js'
export type {
  Beginning,
  Decoder,
  FileFormat,
  FixedRecords,
  Input,
  OpenOptions,
  Recording,
  RecordingFormat,
  StreamFormat,
} from './sources/recording.js'
export { type ReplayOptions, replay } from './sources/replay.js'
export { type Survey, surveyRecording } from './sources/survey.js'
export type { UdpSpec } from './sources/udp.js'
export type { RecordingWriter, WriteOptions, WriterFormat } from './sources/writer.js'
export { createRecording } from './sources/writers.js'
export { Ledger, type StageCounts } from './streams/ledger.js'
export { Leased, Pool } from './streams/pool.js'
export { Stream } from './streams/stream.js'
export type { TrackOptions } from './track/options.js'
export { track } from './track/track.js'
export { Tracker } from './track/tracker.js'
export { AnimationWriter, writeAnimation } from './view/animation.js'
export type { Axis, Bars, LineChart } from './view/chart.js'
export { type Film, openFilm } from './view/film.js'
export { DARK, LIGHT, type Theme } from './view/palette.js'
export { Picture } from './view/picture.js'
export { encodePng, writePng } from './view/png.js'
export { type EventColumns, PolarityCounts } from './view/polarity.js'
export {
  type RecordingPictureOptions,
  recordingPictures,
  windowCounts,
} from './view/recording-pictures.js'
export { type RenderOptions, renderWindow, type StripText, type TruthBox } from './view/render.js'
export {
  htmlReport,
  type Report,
  type ReportBlock,
  type ReportPicture,
  type ReportSection,
  type ReportTable,
  writeReport,
} from './view/report.js'
export { contactSheet } from './view/sheet.js'
export { windowStrip } from './view/strip.js'
export { type TerminalStyle, terminalLine, terminalStyle } from './view/terminal.js'
export { WindowBuilder } from './windows/builder.js'
export { checkWindowSpec, frameBytes, openWindows } from './windows/check.js'
export { fitMap } from './windows/fit.js'
export { FrameWindow } from './windows/frame.js'
export type { FitMap, WindowSpec } from './windows/spec.js'
export { type WindowsOptions, windows } from './windows/windows.js'
