// Lists the sources of one folder for binding.gyp: `node scripts/sources.js native/kernels .avx2.cc`.
import { existsSync, readdirSync } from 'node:fs'

const [folder, ending] = process.argv.slice(2)
for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
  if (name.endsWith(ending)) console.log(`${folder}/${name}`)
}
