// A file of Prophesee's HDF5 layout as HDF5's own library writes it (h5py 3, oldest format): ten events in chunks of four, not
// packed, and three triggers. 14,408 bytes, most of them 0.
import { gunzipSync } from 'node:zlib'

/** Event i is at 5,000,000,000 + 100 i µs, (3 i, 2 i), ON when i is odd; the sensor has 64 x 48 pixels. */
export function propheseeFile(): Uint8Array {
  return gunzipSync(Buffer.from(PACKED, 'base64'))
}

const PACKED =
  'H4sIAAAAAAACA+2aT08TQRTAZ/afS1NlNWIWvJCQGKNCNCGG45p26ZoYMbWH3sSEVThASWkI3jh4wJsnP0M/hAeOHDny' +
  'ObAm3nBn5s3uzpSmWzDRuO+XkOl7M/OmM/ve8njMl6i+erMyVyEM1yUW8UieCyBaUWXZvw4thfYI2r4h9Tbv80Hvgf15' +
  'U8i/QN9qhiEbfaGRfhFfzkfKSBS+eMPaNsjz0J4Y6rhaXbRhu/Wu1XzZaIRNxT9XJlz3Nnic7tdVEoBdl9xNfvbj7t5W' +
  'Z4fMUspneOmarrK+mam4LrNzg9v50Oluv++RiewY3E4E/VPczse4sx33up/kPsbZs3P2TK6nStzKcwgsiHunWNwezZLc' +
  'akjZ41a+vw8ddVy8H+/09jJ/jK65LiUOt+VR9fdOBP4YaONNcsbH37PEdzwouI4H8cc+yWAzJpizCzpr3Bw3m9MjxWKK' +
  'zXFht3byie3PMA2aH9Oorb2iuQejvF8Sni09VfYk9WFtVZFtaJ8vHyzn37H9aYwBBEEQBEEQBEEQBPnbvH29VqfJX/ey' +
  'luBbah1Ar/el9ffH6riHIEeL5TxHCpVSSsWJVEAv66Eu9JuGcTonuqz8cYrnQNPncOagb14FVo+mxByqRwejJiyAn5Ps' +
  'oeQJtH695na4oMpVosUJgiAIgiD/Luf2I5a5mUkuzNoNkB3ICE5AnoL/Kz75IeQqZARfQZ5OMj/WDkC+AxlBeyDkGXKL' +
  '938H2Zf3YX4K+X4yg7WfQR6fdwq+nV8+/sFA1af5+owD+0UQBEGQ8jHqnptezxp3z+106fL6AFIORt1z29TqoX/+npsl' +
  'bFEpq3VImd9JfzVJX9xzM4XP7xZc57r3z7Y21HMpsg5Dv7eWq6P64mYaT9Bl+A7VUY8X0TevgqijDr/v1keMP9bqoLKO' +
  '6uNRIgiCIMh/y2/xlX3kSDgAAA=='
