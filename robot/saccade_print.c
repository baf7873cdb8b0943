/* Prints what comes over a serial line, one JSON object per frame: a program to copy from.
 *
 *   cc -std=c99 -O2 -o saccade_print saccade_print.c
 *   stty -F /dev/ttyUSB0 115200 raw -echo && ./saccade_print < /dev/ttyUSB0 */
#include <inttypes.h>
#include <stdio.h>

#include "saccade_serial.h"

static void print_detections(const saccade_receiver* rx) {
  saccade_detections set = saccade_read_detections(rx);
  printf("{\"type\":\"detections\",\"flags\":%u,\"seq\":%u,\"t_us\":%" PRIu64 ",\"latency_us\":%" PRIu32
         ",\"drops\":%u,\"detections\":[",
         set.flags, set.seq, set.t_us, set.latency_us, set.drops);
  for (uint8_t i = 0; i < set.count; i++) {
    saccade_detection d = saccade_detection_at(&set, i);
    printf("%s[%u,%u,%d,%d,%u,%u,%u]", i ? "," : "", d.class_id, d.score, d.x, d.y, d.w, d.h, d.track);
  }
  printf("]}\n");
}

static void print_heartbeat(const saccade_receiver* rx) {
  saccade_heartbeat beat = saccade_read_heartbeat(rx);
  printf("{\"type\":\"heartbeat\",\"flags\":%u,\"seq\":%u,\"uptime_ms\":%" PRIu32 ",\"sent\":%" PRIu32
         ",\"dropped\":%" PRIu32 "}\n",
         beat.flags, beat.seq, beat.uptime_ms, beat.sent, beat.dropped);
}

/* Names may hold any character; JSON wants quotes, backslashes and control characters escaped. */
static void print_name(const char* name, uint8_t length) {
  putchar('"');
  for (uint8_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)name[i];
    if (c < 0x20 || c == '"' || c == '\\') {
      printf("\\u%04x", c);
    } else {
      putchar(c);
    }
  }
  putchar('"');
}

static void print_info(const saccade_receiver* rx) {
  saccade_info info = saccade_read_info(rx);
  printf("{\"type\":\"info\",\"flags\":%u,\"width\":%u,\"height\":%u,\"window_us\":%" PRIu32
         ",\"hop_us\":%" PRIu32 ",\"model\":\"",
         info.flags, info.width, info.height, info.window_us, info.hop_us);
  for (int i = 0; i < 8; i++) printf("%02x", info.model[i]);
  printf("\",\"classes\":%u,\"names\":[", info.classes);
  for (uint8_t i = 0; i < info.names; i++) {
    uint8_t length;
    const char* name = saccade_name_at(&info, i, &length);
    if (i) putchar(',');
    print_name(name, length);
  }
  printf("]}\n");
}

int main(void) {
  static saccade_receiver rx;
  int byte;
  setvbuf(stdin, NULL, _IONBF, 0);
  while ((byte = getchar()) != EOF) {
    switch (saccade_receive(&rx, (uint8_t)byte)) {
      case SACCADE_DETECTIONS:
        print_detections(&rx);
        break;
      case SACCADE_HEARTBEAT:
        print_heartbeat(&rx);
        break;
      case SACCADE_INFO:
        print_info(&rx);
        break;
      default:
        continue;
    }
    fflush(stdout);
  }
  fprintf(stderr,
          "frames %" PRIu32 ", bad crc %" PRIu32 ", too long %" PRIu32 ", broken %" PRIu32
          ", unknown %" PRIu32 "\n",
          rx.frames, rx.bad_crc, rx.too_long, rx.broken, rx.unknown);
  return 0;
}
