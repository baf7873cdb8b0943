// The part of <linux/videodev2.h> that is used: numbers of calls, and where fields lie in their arguments on 64-bit systems
// (x86-64 and arm64 agree). A test compares all of it with the header where there is a compiler.

/** Calls. Bits 16 to 29 are the size of the argument. */
export const VIDIOC = {
  QUERYCAP: 0x80685600,
  G_FMT: 0xc0d05604,
  REQBUFS: 0xc0145608,
  QUERYBUF: 0xc0585609,
  QBUF: 0xc058560f,
  DQBUF: 0xc0585611,
  STREAMON: 0x40045612,
  STREAMOFF: 0x40045613,
  QUERY_EXT_CTRL: 0xc0e85667,
  SUBDEV_G_SELECTION: 0xc040563d,
  SUBDEV_S_SELECTION: 0xc040563e,
} as const

/** Bytes of the argument of a call. */
export function argumentBytes(call: number): number {
  return (call >>> 16) & 0x3fff
}

/** Offsets of fields. */
export const FIELDS = {
  capability: { driver: 0, card: 16, bus_info: 48, capabilities: 84, device_caps: 88 },
  format: { type: 0, width: 8, height: 12, pixelformat: 16, sizeimage: 28 },
  requestbuffers: { count: 0, type: 4, memory: 8 },
  buffer: {
    index: 0,
    type: 4,
    bytesused: 8,
    flags: 12,
    sequence: 56,
    memory: 60,
    offset: 64,
    length: 72,
  },
  query_ext_ctrl: { id: 0, type: 4, name: 8, minimum: 40, maximum: 48, flags: 72 },
  subdev_selection: { which: 0, pad: 4, target: 8, left: 16, top: 20, width: 24, height: 28 },
} as const

export const CAP_VIDEO_CAPTURE = 0x1
export const CAP_STREAMING = 0x04000000
export const CAP_DEVICE_CAPS = 0x80000000
export const BUF_TYPE_VIDEO_CAPTURE = 1
export const MEMORY_MMAP = 1
export const BUF_FLAG_ERROR = 0x40
export const CTRL_FLAG_NEXT = 0x80000000
export const CTRL_FLAG_DISABLED = 0x1
export const SEL_TGT_CROP = 0
export const SEL_TGT_NATIVE_SIZE = 0x3
export const SUBDEV_FORMAT_ACTIVE = 1
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EAGAIN: 11,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
} as const
