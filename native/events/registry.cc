// A new native decoder or encoder is one line here.
#include "events/registry.h"

#include "events/aedat.h"
#include "events/dat.h"
#include "events/es.h"
#include "events/evt2.h"
#include "events/evt21.h"
#include "events/evt3.h"
#include "events/nmnist.h"

namespace saccade::events {

namespace {

template <size_t N, class Decoder>
std::unique_ptr<Stream> Of(const Decoder& decoder) {
  return std::make_unique<StreamOf<Decoder, N>>(decoder);
}

std::unique_ptr<Stream> Dat(DatKind kind, Sensor sensor, int64_t origin) {
  DatDecoder decoder{kind, sensor, {}};
  decoder.state.clock.epoch = origin;
  return Of<kDatRecord>(decoder);
}

template <size_t N, class Decoder>
std::unique_ptr<Stream> Evt(Decoder decoder, Sensor sensor, int64_t origin) {
  decoder.sensor = sensor;
  decoder.state.clock.epoch = origin;
  return Of<N>(decoder);
}

std::unique_ptr<Stream> Es(EsKind kind, Sensor sensor, int64_t origin) {
  EsDecoder decoder{kind, sensor, {}};
  decoder.state.t = origin;
  return Of<kEsColor>(decoder);
}

std::unique_ptr<Stream> Aedat(AedatKind kind, Sensor sensor, int64_t origin) {
  AedatDecoder decoder{kind, sensor, {}};
  decoder.state.clock.epoch = kind == AedatKind::kLibcaer ? 2 * origin : origin;
  return Of<kAedatWord>(decoder);
}

std::unique_ptr<Stream> Aedat4(Sensor sensor, int64_t origin) {
  Aedat4Decoder decoder{sensor, {}};
  decoder.state.origin = origin;
  return Of<kAedat4Event>(decoder);
}

std::unique_ptr<Stream> Nmnist(Sensor sensor, int64_t origin) {
  NmnistDecoder decoder{sensor, {}};
  decoder.state.epoch = origin;
  return Of<kNmnistRecord>(decoder);
}

}  // namespace

const char* const kDecoderNames[] = {"dat1",         "dat2",         "dat-triggers", "evt2",
                                     "evt21",        "evt21-legacy", "evt3",         "es-dvs",
                                     "es-atis",      "es-color",     "aedat4",       "aedat2-dvs128",
                                     "aedat2-davis", "libcaer",      "nmnist",       nullptr};
const char* const kEncoderNames[] = {"dat2", "evt2",   "evt21",  "evt21-legacy",
                                     "evt3", "es-dvs", "aedat4", nullptr};

std::unique_ptr<Stream> MakeDecoder(const std::string& name, Sensor sensor, int64_t origin) {
  if (name == "dat1") return Dat(DatKind::kV1, sensor, origin);
  if (name == "dat2") return Dat(DatKind::kV2, sensor, origin);
  if (name == "dat-triggers") return Dat(DatKind::kTriggers, sensor, origin);
  if (name == "evt2") return Evt<kEvt2Word>(Evt2Decoder{}, sensor, origin);
  if (name == "evt21") return Evt<kEvt21Word>(Evt21Decoder{}, sensor, origin);
  if (name == "evt21-legacy") return Evt<kEvt21Word>(Evt21Decoder{.legacy = true}, sensor, origin);
  if (name == "evt3") return Evt<kEvt3Word>(Evt3Decoder{}, sensor, origin);
  if (name == "es-dvs") return Es(EsKind::kDvs, sensor, origin);
  if (name == "es-atis") return Es(EsKind::kAtis, sensor, origin);
  if (name == "es-color") return Es(EsKind::kColor, sensor, origin);
  if (name == "aedat4") return Aedat4(sensor, origin);
  if (name == "aedat2-dvs128") return Aedat(AedatKind::kDvs128, sensor, origin);
  if (name == "aedat2-davis") return Aedat(AedatKind::kDavis, sensor, origin);
  if (name == "libcaer") return Aedat(AedatKind::kLibcaer, sensor, origin);
  if (name == "nmnist") return Nmnist(sensor, origin);
  return nullptr;
}

std::unique_ptr<Encoder> MakeEncoder(const std::string& name, Sensor sensor, int64_t origin) {
  if (name == "dat2") return std::make_unique<DatEncoder>(sensor, origin);
  if (name == "evt2") return std::make_unique<Evt2Encoder>(sensor, origin);
  if (name == "evt21") return std::make_unique<Evt21Encoder>(sensor, origin, false);
  if (name == "evt21-legacy") return std::make_unique<Evt21Encoder>(sensor, origin, true);
  if (name == "evt3") return std::make_unique<Evt3Encoder>(sensor, origin);
  if (name == "es-dvs") return std::make_unique<EsEncoder>(sensor, origin);
  if (name == "aedat4") return std::make_unique<Aedat4Encoder>(sensor, origin);
  return nullptr;
}

}  // namespace saccade::events
