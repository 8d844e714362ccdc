// Runs a model once in a process of its own and prints the anonymous memory that it gained at most, in bytes (Linux).
// usage: node measureRun.mjs MODEL INPUTS OPTIONS, the last two as JSON: [{name, shape}], session options
import { readFileSync, writeFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';

function memory(key) {
  const line = readFileSync('/proc/self/status', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(key));
  return Number(/\d+/.exec(line)[0]) * 1024;
}

const [, , model, inputs, options] = process.argv;
const session = await InferenceSession.create(model, JSON.parse(options));
const feeds = {};
for (const { name, shape } of JSON.parse(inputs)) {
  const size = shape.reduce((product, extent) => product * extent, 1);
  feeds[name] = new Tensor('float32', new Float32Array(size).fill(0.01), shape);
}
const before = memory('RssAnon');
const files = memory('RssFile');
writeFileSync('/proc/self/clear_refs', '5');
await session.run(feeds);
process.stdout.write(`${memory('VmHWM') - files - before}`);
