// What libcaer hands over, with any numbers in it: containers of packets, of which some are null, larger than
// their memory says, or of kinds that no one knows.
#include <cstring>

#include "cameras/libcaer.h"
#include "hostile.h"

namespace saccade::hostile {

namespace {

template <class T>
void Put(uint8_t* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

}  // namespace

size_t Caer() {
  const int packets = Random(0, 4);
  std::vector<Bytes> memory;
  Bytes container(28 + sizeof(void*) * static_cast<size_t>(packets));
  std::memset(container.data.get(), 0, container.size);
  Put<int32_t>(container.data.get() + 24, OneIn(10) ? -packets : packets);
  size_t most = 0;
  for (int i = 0; i < packets; i++) {
    if (OneIn(4)) continue;
    const int capacity = Random(0, 60);
    Bytes& packet = memory.emplace_back(28 + 8 * static_cast<size_t>(capacity));
    for (size_t b = 0; b < packet.size; b++) packet.data[b] = static_cast<uint8_t>(Random());
    uint8_t* header = packet.data.get();
    Put<int16_t>(header, static_cast<int16_t>(OneIn(8) ? Random(-3, 9) : Random(0, 1)));
    Put<int32_t>(header + 4, OneIn(8) ? static_cast<int32_t>(Random()) : 8);
    if (!OneIn(8)) Put<int32_t>(header + 12, Random(0, 3));
    Put<int32_t>(header + 16, OneIn(8) ? -1 : capacity);
    Put<int32_t>(header + 20, OneIn(4) ? static_cast<int32_t>(Random()) : Random(0, capacity));
    Put<uint8_t*>(container.data.get() + 28 + sizeof(void*) * static_cast<size_t>(i), header);
    most += static_cast<size_t>(capacity);
  }
  cameras::CaerContainers walker;
  walker.Begin(Random(0, 2'000'000'000));
  Taken taken(Random(1, 20));
  events::Report report;
  size_t turns = 0;
  while (!walker.Decode(container.data.get(), taken.packet, report)) {
    taken.HandOn();
    report.trigger_count = 0;
    Expect(++turns <= most + 1, "each turn takes an event");
  }
  taken.HandOn();
  Expect(taken.events.size() <= most, "no event is made up");
  for (const auto& [t, x, y, p] : taken.events) {
    Expect(t >= 0 && x < 0x8000 && y < 0x8000 && p < 2, "events are what their bits can hold");
  }
  return taken.events.size();
}

}  // namespace saccade::hostile
