// A library with the functions of libcaer that saccade calls, and no camera: whoever listens on the UNIX
// socket $FAKE_CAER/SERIAL plays one. What comes from there, little-endian:
//   'E' count(4) overflow(4), then count events of 8 bytes: a container with a packet of polarity events
//   'S' the same: with a packet of special events       'F' count(4): with a packet of so many frames
// and what is set goes there as lines "set MODULE PARAMETER VALUE". When the socket closes the camera is
// unplugged.
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { kQueue = 4096 };

struct device {
  int socket;
  uint16_t type;
  char serial[9];
  bool running;
  pthread_t thread;
  pthread_mutex_t mutex;
  void* queue[kQueue];
  unsigned first, last;
  void (*more)(void*), (*gone)(void*);
  void *more_user, *gone_user;
};

static bool read_all(int socket, void* into, size_t length) {
  for (char* at = into; length > 0;) {
    const ssize_t got = read(socket, at, length);
    if (got <= 0) return false;
    at += got;
    length -= (size_t)got;
  }
  return true;
}

void* caerDeviceOpen(uint16_t id, uint16_t type, uint8_t bus, uint8_t address, const char* serial) {
  (void)id, (void)bus, (void)address;
  const char* folder = getenv("FAKE_CAER");
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (folder == NULL || serial == NULL) return NULL;
  snprintf(name.sun_path, sizeof name.sun_path, "%s/%s", folder, serial);
  const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection, (struct sockaddr*)&name, sizeof name) != 0) {
    close(connection);
    return NULL;
  }
  struct device* device = calloc(1, sizeof *device);
  device->socket = connection;
  device->type = type;
  snprintf(device->serial, sizeof device->serial, "%.8s", serial);
  pthread_mutex_init(&device->mutex, NULL);
  return device;
}

bool caerDeviceSendDefaultConfig(void* handle) {
  return handle != NULL;
}

bool caerDeviceConfigSet(void* handle, int8_t module, uint8_t parameter, uint32_t value) {
  struct device* device = handle;
  char line[64];
  const int length = snprintf(line, sizeof line, "set %d %u %u\n", module, parameter, value);
  // A camera that knows its limits.
  return value != 0xFFFFFFFF && send(device->socket, line, (size_t)length, MSG_NOSIGNAL) == length;
}

bool caerDeviceConfigGet(void* handle, int8_t module, uint8_t parameter, uint32_t* value) {
  (void)handle, (void)module, (void)parameter;
  *value = 0;
  return true;
}

// A container of two packets, of which one is null, as the library gives them.
static void* container(int16_t type, uint32_t count, int32_t overflow, const void* events) {
  const int32_t size = type == 2 ? 36 : 8, number = (int32_t)count;
  uint8_t* packet = calloc(1, 28 + (size_t)size * count);
  memcpy(packet, &type, 2);
  memcpy(packet + 4, &size, 4);
  memcpy(packet + 12, &overflow, 4);
  memcpy(packet + 16, &number, 4);
  memcpy(packet + 20, &number, 4);
  memcpy(packet + 24, &number, 4);
  if (events != NULL) memcpy(packet + 28, events, (size_t)size * count);
  uint8_t* box = calloc(1, 28 + 3 * sizeof(void*));
  const int32_t packets = 3;
  memcpy(box + 24, &packets, 4);
  memcpy(box + 28 + sizeof(void*) * (size_t)type, &packet, sizeof packet);
  return box;
}

static void* run(void* handle) {
  struct device* device = handle;
  for (uint8_t what; read_all(device->socket, &what, 1);) {
    uint32_t count = 0;
    int32_t overflow = 0;
    uint8_t* events = NULL;
    if (!read_all(device->socket, &count, 4)) break;
    if (what != 'F') {
      events = malloc(8 * (size_t)count + 1);
      if (!read_all(device->socket, &overflow, 4) || !read_all(device->socket, events, 8 * (size_t)count))
        break;
    }
    void* box = container(what == 'E' ? 1 : what == 'S' ? 0 : 2, count, overflow, events);
    free(events);
    pthread_mutex_lock(&device->mutex);
    device->queue[device->last++ % kQueue] = box;
    pthread_mutex_unlock(&device->mutex);
    device->more(device->more_user);
  }
  if (device->running) device->gone(device->gone_user);
  return NULL;
}

bool caerDeviceDataStart(void* handle, void (*more)(void*), void (*less)(void*), void* more_user,
                         void (*gone)(void*), void* gone_user) {
  struct device* device = handle;
  (void)less;
  device->more = more;
  device->more_user = more_user;
  device->gone = gone;
  device->gone_user = gone_user;
  device->running = true;
  return pthread_create(&device->thread, NULL, run, device) == 0;
}

bool caerDeviceDataStop(void* handle) {
  struct device* device = handle;
  device->running = false;
  shutdown(device->socket, SHUT_RDWR);
  return pthread_join(device->thread, NULL) == 0;
}

void* caerDeviceDataGet(void* handle) {
  struct device* device = handle;
  pthread_mutex_lock(&device->mutex);
  void* box = device->first == device->last ? NULL : device->queue[device->first++ % kQueue];
  pthread_mutex_unlock(&device->mutex);
  return box;
}

bool caerDeviceClose(void** handle) {
  struct device* device = *handle;
  close(device->socket);
  free(device);
  *handle = NULL;
  return true;
}

struct dvs128_info {
  int16_t id;
  char serial[9];
  uint8_t bus, address;
  char* text;
  int16_t firmware;
  bool master;
  int16_t width, height;
};

struct dvx_info {
  int16_t id;
  char serial[9];
  uint8_t bus, address;
  char* text;
  int16_t firmware, logic, chip;
  bool master, statistics;
  int16_t width, height;
  bool more[40];
};

struct dvs128_info caerDVS128InfoGet(void* handle) {
  struct dvs128_info info = {.width = 128, .height = 128};
  memcpy(info.serial, ((struct device*)handle)->serial, sizeof info.serial);
  return info;
}

struct dvx_info caerDVXplorerInfoGet(void* handle) {
  struct dvx_info info = {.width = 640, .height = 480};
  memcpy(info.serial, ((struct device*)handle)->serial, sizeof info.serial);
  return info;
}

struct dvx_info caerDavisInfoGet(void* handle) {
  struct dvx_info info = caerDVXplorerInfoGet(handle);
  info.width = 346;
  info.height = 260;
  return info;
}

void caerLogLevelSet(int level) {
  (void)level;
}
