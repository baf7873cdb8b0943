// Head maps of any values to boxes.
#include <cmath>

#include "detect/detector.h"
#include "hostile.h"

namespace saccade::hostile {

namespace {

float RandomLogit() {
  static const float kOdd[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f, 0.0f, -0.0f};
  if (OneIn(40)) return kOdd[Random(0, 7)];
  return static_cast<float>(Random(-4000, 4000)) / 400.0f;
}

}  // namespace

size_t Heads() {
  detect::Settings settings;
  settings.reg_max = Random(1, 17);
  settings.classes = Random(1, 6);
  settings.score = static_cast<float>(Random(0, 10)) / 10.0f;
  settings.iou = static_cast<float>(Random(0, 10)) / 10.0f;
  settings.max = Random(1, 50);
  settings.multi_label = OneIn(2);
  settings.clip = OneIn(2);
  settings.width = static_cast<float>(Random(1, 300));
  settings.height = static_cast<float>(Random(1, 300));
  std::vector<detect::HeadShape> shapes;
  std::vector<std::vector<float>> floats;
  std::vector<detect::HeadMap> maps;
  for (int i = Random(1, 3); i > 0; i--) {
    const detect::HeadShape shape{4 * settings.reg_max + settings.classes, Random(1, 9), Random(1, 9),
                                  static_cast<float>(Random(1, 64))};
    const size_t channels = static_cast<size_t>(shape.channels), width = static_cast<size_t>(shape.width);
    std::vector<float>& map = floats.emplace_back(channels * width * static_cast<size_t>(shape.height));
    for (float& value : map) value = RandomLogit();
    shapes.push_back(shape);
    maps.push_back({map.data(), 1, width * channels, channels});
  }
  detect::Detector detector;
  Expect(detector.Prepare(settings, shapes).empty(), "sound settings are taken");
  std::vector<float> rows(detector.RowFloats(), -1);
  const int count = detector.Run(maps.data(), rows.data());
  Expect(count >= 0 && count <= settings.max, "no more boxes than asked for");
  for (int i = 0; i < count; i++) {
    const float* row = rows.data() + 6 * i;
    // Uncut, no corner lies further from the map's 9 cells than its largest distance, 16 of at most 64 px.
    const float reach = settings.clip ? 0 : 16 * 64;
    const auto inside = [&](float a, float b, float limit) {
      return a >= -reach && a <= b && b <= (settings.clip ? limit : 9 * 64 + reach);
    };
    Expect(inside(row[0], row[2], settings.width) && inside(row[1], row[3], settings.height),
           "a box lies in the picture");
    Expect(row[4] >= settings.score && row[4] <= 1, "a score is above the threshold");
    Expect(i == 0 || row[-2] >= row[4], "the best come first");
    Expect(row[5] >= 0 && row[5] < static_cast<float>(settings.classes), "a class is one of them");
  }
  return static_cast<size_t>(count);
}

}  // namespace saccade::hostile
