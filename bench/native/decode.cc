// How fast recordings are decoded, and what a plain loop over the same words makes of them, in turns in one
// process: CPU time, warm buffers, packets of 65,536 events.
//   decode FORMAT FILE [rounds]      FILE: words without a header; prints one line of JSON
// `frames` is decoding and windows of 50 ms, two bins, 304 x 240, in packets that stay in the cache.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "events/registry.h"
#include "windows/builder.h"

using namespace saccade;
using namespace saccade::events;

namespace {

constexpr uint32_t kEvents = 65'536;
constexpr size_t kChunk = 512 * 1024;

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<uint8_t> Read(const char* path) {
  std::vector<uint8_t> bytes;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return bytes;
  uint8_t buffer[65536];
  for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, file)) > 0;) {
    bytes.insert(bytes.end(), buffer, buffer + got);
  }
  std::fclose(file);
  return bytes;
}

struct Subject {
  std::vector<uint8_t> memory = std::vector<uint8_t>(kEvents * kBytesPerEvent);
  Packet packet = ViewOf(memory.data(), memory.size());
  uint64_t events = 0;
  uint64_t sum = 0;
  void HandOn() {
    events += packet.length;
    if (packet.length > 0) sum += packet.t[packet.length - 1] + packet.x[packet.length - 1];
    packet.length = 0;
  }
};

// What one writes first: a switch over the word, a check, an append.
struct Plain {
  int64_t high = 0, low = 0;
  uint32_t y = 0, base = 0, p = 0;

  void Event(Subject& to, uint32_t x, uint32_t row, uint32_t polarity, int64_t t) {
    if (x >= 1280 || row >= 720) return;
    if (!Fits(to.packet, t)) to.HandOn();
    Append(to.packet, t, static_cast<uint16_t>(x), static_cast<uint16_t>(row),
           static_cast<uint8_t>(polarity));
  }
  void Vector(Subject& to, uint32_t mask, uint32_t bits) {
    for (uint32_t i = 0; i < bits; i++) {
      if (mask >> i & 1) Event(to, base + i, y, p, high + low);
    }
    base += bits;
  }
  void Evt3(const uint8_t* bytes, size_t size, Subject& to) {
    for (size_t at = 0; at + 2 <= size; at += 2) {
      const uint32_t word = Load<uint16_t>(bytes + at);
      switch (word >> 12) {
        case 0x0:
          y = word & 0x7FF;
          break;
        case 0x2:
          Event(to, word & 0x7FF, y, word >> 11 & 1, high + low);
          break;
        case 0x3:
          base = word & 0x7FF;
          p = word >> 11 & 1;
          break;
        case 0x4:
          Vector(to, word & 0xFFF, 12);
          break;
        case 0x5:
          Vector(to, word & 0xFF, 8);
          break;
        case 0x6:
          low = word & 0xFFF;
          break;
        case 0x8: {
          const int64_t next = static_cast<int64_t>(word & 0xFFF) << 12;
          if (next != (high & 0xFFF000)) low = 0;
          high = (high & ~int64_t{0xFFFFFF}) + next;
          break;
        }
        default:
          break;
      }
    }
  }
  void Evt2(const uint8_t* bytes, size_t size, Subject& to) {
    for (size_t at = 0; at + 4 <= size; at += 4) {
      const uint32_t word = Load<uint32_t>(bytes + at), type = word >> 28;
      if (type <= 1) {
        Event(to, word >> 11 & 0x7FF, word & 0x7FF, type, high + (word >> 22 & 0x3F));
      } else if (type == 8) {
        high = static_cast<int64_t>(word & 0x0FFFFFFF) << 6;
      }
    }
  }
  void Dat(const uint8_t* bytes, size_t size, Subject& to) {
    for (size_t at = 0; at + 8 <= size; at += 8) {
      const uint32_t word = Load<uint32_t>(bytes + at + 4);
      Event(to, word & 0x3FFF, word >> 14 & 0x3FFF, word >> 28 & 1, Load<uint32_t>(bytes + at));
    }
  }
};

void RunPlain(const std::string& format, const std::vector<uint8_t>& bytes, Subject& to) {
  Plain plain;
  for (size_t at = 0; at < bytes.size(); at += kChunk) {
    const size_t size = std::min(kChunk, bytes.size() - at);
    if (format == "evt3") plain.Evt3(bytes.data() + at, size, to);
    if (format == "evt2") plain.Evt2(bytes.data() + at, size, to);
    if (format == "dat2") plain.Dat(bytes.data() + at, size, to);
  }
  to.HandOn();
}

template <class To>
void RunOurs(Stream& stream, const std::vector<uint8_t>& bytes, To& to) {
  static Report report;
  stream.Restart(0);
  for (size_t at = 0; at < bytes.size(); at += kChunk) {
    const size_t size = std::min(kChunk, bytes.size() - at);
    for (size_t used = 0; used < size;) {
      used += stream.Decode(bytes.data() + at + used, size - used, to.packet, report);
      report.trigger_count = 0;
      if (used < size || to.packet.length == to.packet.capacity) to.HandOn();
    }
  }
  to.HandOn();
}

// Events of DAT straight into frames.
struct Frames {
  static windows::Spec SpecOf() {
    windows::Spec spec;
    spec.duration = spec.hop = 50'000;
    spec.bins = 2;
    spec.width = 304;
    spec.height = 240;
    for (int32_t x = 0; x < spec.width; x++) spec.columns.push_back(x);
    for (int32_t y = 0; y < spec.height; y++) spec.rows.push_back(y);
    return spec;
  }
  windows::Builder builder{SpecOf()};
  std::vector<uint8_t> frame = std::vector<uint8_t>(builder.frame_bytes());
  std::vector<uint8_t> memory = std::vector<uint8_t>(8192 * kBytesPerEvent);
  Packet packet = ViewOf(memory.data(), memory.size());
  int64_t next = 0;
  void HandOn() {
    for (uint32_t from = 0; packet.length > 0;) {
      if (!builder.open(0)) {
        next = std::max(next, (packet.t0 + packet.t[from]) / 50'000 * 50'000);
        builder.Attach(0, frame.data(), next);
      }
      builder.Place(0, frame.data());
      from = builder.Push(packet, from);
      if (from == packet.length) break;
      builder.Finish(0, frame.data());
      next += 50'000;
    }
    packet.length = 0;
  }
};

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string format = argv[1];
  const std::vector<uint8_t> bytes = Read(argv[2]);
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 30;
  std::unique_ptr<Stream> stream = MakeDecoder(format, {1280, 720}, 0);
  if (!stream || bytes.empty()) return 2;
  Subject ours, plain;
  std::vector<double> our_times, plain_times, copy_times, frame_times;
  std::vector<uint8_t> copy(kChunk);
  for (int round = 0; round < rounds; round++) {
    const double start = CpuSeconds();
    RunOurs(*stream, bytes, ours);
    const double middle = CpuSeconds();
    RunPlain(format, bytes, plain);
    const double end = CpuSeconds();
    for (size_t at = 0; at < bytes.size(); at += kChunk) {
      std::memcpy(copy.data(), bytes.data() + at, std::min(kChunk, bytes.size() - at));
      ours.sum += copy[at % kChunk];
    }
    our_times.push_back(middle - start);
    plain_times.push_back(end - middle);
    const double copied = CpuSeconds();
    copy_times.push_back(copied - end);
    Frames frames;
    RunOurs(*stream, bytes, frames);
    frame_times.push_back(CpuSeconds() - copied);
  }
  const double events = static_cast<double>(ours.events) / rounds / 1e6;
  std::printf(
      "{\"events\": %.0f, \"same\": %s, \"ours\": %.1f, \"plain\": %.1f, \"memcpy\": %.1f, \"frames\": %.1f, "
      "\"sum\": %llu}\n",
      events * 1e6, ours.events == plain.events ? "true" : "false", events / Median(our_times),
      events / Median(plain_times), events / Median(copy_times), events / Median(frame_times),
      static_cast<unsigned long long>(ours.sum + plain.sum));
  return 0;
}
