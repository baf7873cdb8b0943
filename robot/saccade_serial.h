/* Receiver for saccade's serial frames: C99, one header, no malloc, no other dependency. docs/serial.md is
 * the specification. Feed it bytes as they come; it finds the frames, checks them, and counts what is broken.
 *
 *   static saccade_receiver rx;            // zeroed is ready
 *   if (saccade_receive(&rx, byte) == SACCADE_DETECTIONS) {
 *     saccade_detections set = saccade_read_detections(&rx);
 *     for (uint8_t i = 0; i < set.count; i++) {
 *       saccade_detection d = saccade_detection_at(&set, i);
 *       ...                                // d.x, d.y, d.w, d.h in 1/16 pixel
 *     }
 *   }
 *
 * What was read points into the receiver and holds until the next call of saccade_receive. */
#ifndef SACCADE_SERIAL_H
#define SACCADE_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No frame is longer on the wire. A robot that wants few detections may set less: longer frames are dropped,
 * counted. */
#ifndef SACCADE_MAX_FRAME
#define SACCADE_MAX_FRAME 512
#endif

#define SACCADE_VERSION 1

enum saccade_type { SACCADE_NOTHING = 0, SACCADE_DETECTIONS = 1, SACCADE_HEARTBEAT = 2, SACCADE_INFO = 3 };

enum saccade_flag { SACCADE_DROPS = 1, SACCADE_TRUNCATED = 2, SACCADE_DEGRADED = 4 };

typedef struct {
  uint8_t frame[SACCADE_MAX_FRAME]; /* payload and CRC, decoded as the bytes come */
  uint16_t length;                  /* decoded so far */
  uint16_t wire;                    /* bytes since the last 00 */
  uint8_t left;                     /* bytes left of the present COBS block */
  bool pending_zero;                /* the block ends in a 00 if another one follows */
  /* How many frames came, and how many were dropped by cause. */
  uint32_t frames, bad_crc, too_long, broken, unknown;
} saccade_receiver;

typedef struct {
  uint8_t flags;
  uint16_t seq;        /* number of the window, wraps */
  uint64_t t_us;       /* end of the window, sensor clock */
  uint32_t latency_us; /* from there to the line; 0 in a replay */
  uint8_t drops;       /* windows lost before this one, 255 and more are 255 */
  uint8_t count;       /* detections, highest score first */
  const uint8_t* items;
} saccade_detections;

typedef struct {
  uint8_t class_id;
  uint8_t score;  /* 0..255 */
  int16_t x, y;   /* top left corner, 1/16 pixel of the sensor */
  uint16_t w, h;  /* 1/16 pixel */
  uint16_t track; /* 0: none */
} saccade_detection;

typedef struct {
  uint8_t flags;
  uint16_t seq;       /* of the last detections frame; meaningless while sent is 0 */
  uint32_t uptime_ms; /* since saccade first opened the port */
  uint32_t sent;      /* detections frames since then */
  uint32_t dropped;   /* windows lost since then */
} saccade_heartbeat;

typedef struct {
  uint8_t flags;
  uint16_t width, height; /* of the sensor */
  uint32_t window_us, hop_us;
  uint8_t model[8]; /* first bytes of the model's sha256 */
  uint16_t classes; /* all of them */
  uint8_t names;    /* that are listed: the model's, then those of the first classes */
  const uint8_t* list;
} saccade_info;

static inline uint16_t saccade_u16(const uint8_t* p) {
  return (uint16_t)(p[0] | ((uint16_t)p[1] << 8));
}
static inline uint32_t saccade_u32(const uint8_t* p) {
  return (uint32_t)saccade_u16(p) | ((uint32_t)saccade_u16(p + 2) << 16);
}
static inline int16_t saccade_i16(const uint8_t* p) {
  int32_t value = saccade_u16(p);
  return (int16_t)(value < 0x8000 ? value : value - 0x10000);
}

/* CRC-16/MCRF4XX; over a payload and its CRC it is 0. Start with 0xFFFF. */
static inline uint16_t saccade_crc16(uint16_t crc, const uint8_t* bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = (uint16_t)(crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1);
  }
  return crc;
}

static inline void saccade_put(saccade_receiver* rx, uint8_t byte) {
  if (rx->length < SACCADE_MAX_FRAME) rx->frame[rx->length++] = byte;
}

/* Whether a payload is as long as its type and its own counts want it to be. */
static inline bool saccade_fits(const uint8_t* p, uint16_t length) {
  uint16_t at = 27;
  switch (p[0]) {
    case SACCADE_DETECTIONS:
      return length >= 18 && length >= 18 + 12 * p[16];
    case SACCADE_HEARTBEAT:
      return length >= 16;
    default: /* SACCADE_INFO */
      if (length < 27) return false;
      for (uint8_t i = 0; i < p[26]; i++) {
        if (at >= length || at + 1 + p[at] > length) return false;
        at = (uint16_t)(at + 1 + p[at]);
      }
      return true;
  }
}

/* A 00 came: is what came before it a frame? */
static inline enum saccade_type saccade_end_frame(saccade_receiver* rx) {
  uint16_t length = rx->length, wire = rx->wire;
  bool cut = rx->left > 0;
  rx->length = rx->wire = 0;
  rx->left = 0;
  rx->pending_zero = false;
  if (wire == 0) return SACCADE_NOTHING; /* 00 after 00: the line was idle, or just opened */
  if (wire >= SACCADE_MAX_FRAME) {
    rx->too_long++;
  } else if (cut || length < 4) {
    rx->broken++;
  } else if (saccade_crc16(0xFFFF, rx->frame, length) != 0) {
    rx->bad_crc++;
  } else if (rx->frame[1] >> 4 != SACCADE_VERSION || rx->frame[0] < SACCADE_DETECTIONS ||
             rx->frame[0] > SACCADE_INFO) {
    rx->unknown++;
  } else if (!saccade_fits(rx->frame, (uint16_t)(length - 2))) {
    rx->broken++;
  } else {
    rx->frames++;
    return (enum saccade_type)rx->frame[0];
  }
  return SACCADE_NOTHING;
}

/* Takes one byte; returns the type of the frame that it ends, mostly SACCADE_NOTHING. */
static inline enum saccade_type saccade_receive(saccade_receiver* rx, uint8_t byte) {
  if (byte == 0) return saccade_end_frame(rx);
  if (rx->wire < SACCADE_MAX_FRAME) rx->wire++;
  if (rx->left > 0) {
    saccade_put(rx, byte);
    rx->left--;
    return SACCADE_NOTHING;
  }
  if (rx->pending_zero) saccade_put(rx, 0);
  rx->left = (uint8_t)(byte - 1);
  rx->pending_zero = byte < 0xFF;
  return SACCADE_NOTHING;
}

/* Reads the frame whose type saccade_receive has just returned. */
static inline saccade_detections saccade_read_detections(const saccade_receiver* rx) {
  const uint8_t* p = rx->frame;
  saccade_detections out;
  out.flags = p[1] & 15;
  out.seq = saccade_u16(p + 2);
  out.t_us = saccade_u32(p + 4) | ((uint64_t)saccade_u32(p + 8) << 32);
  out.latency_us = saccade_u32(p + 12);
  out.count = p[16];
  out.drops = p[17];
  out.items = p + 18;
  return out;
}

/* i < count. */
static inline saccade_detection saccade_detection_at(const saccade_detections* set, uint8_t i) {
  const uint8_t* p = set->items + 12 * i;
  saccade_detection d;
  d.class_id = p[0];
  d.score = p[1];
  d.x = saccade_i16(p + 2);
  d.y = saccade_i16(p + 4);
  d.w = saccade_u16(p + 6);
  d.h = saccade_u16(p + 8);
  d.track = saccade_u16(p + 10);
  return d;
}

static inline saccade_heartbeat saccade_read_heartbeat(const saccade_receiver* rx) {
  const uint8_t* p = rx->frame;
  saccade_heartbeat out;
  out.flags = p[1] & 15;
  out.seq = saccade_u16(p + 2);
  out.uptime_ms = saccade_u32(p + 4);
  out.sent = saccade_u32(p + 8);
  out.dropped = saccade_u32(p + 12);
  return out;
}

static inline saccade_info saccade_read_info(const saccade_receiver* rx) {
  const uint8_t* p = rx->frame;
  saccade_info out;
  out.flags = p[1] & 15;
  out.width = saccade_u16(p + 4);
  out.height = saccade_u16(p + 6);
  out.window_us = saccade_u32(p + 8);
  out.hop_us = saccade_u32(p + 12);
  for (int i = 0; i < 8; i++) out.model[i] = p[16 + i];
  out.classes = saccade_u16(p + 24);
  out.names = p[26];
  out.list = p + 27;
  return out;
}

/* Name number i < names (0 is the model's, 1 the first class's): UTF-8, not terminated. */
static inline const char* saccade_name_at(const saccade_info* info, uint8_t i, uint8_t* length) {
  const uint8_t* p = info->list;
  while (i-- > 0) p += 1 + p[0];
  *length = p[0];
  return (const char*)(p + 1);
}

#endif
