// Prints robot/vectors.json.
import { makeVectors } from './vectors.js'

console.log(JSON.stringify(makeVectors(), null, 1))
