// The live page as files beside the compiled code: no inline script (the page's policy forbids it), nothing from elsewhere.
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export default {
  root: here('.'),
  // Relative, so that the page also works behind a proxy that serves it in a folder.
  base: './',
  build: {
    outDir: here('../../../dist/pipeline/view/page'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  logLevel: 'warn',
}
