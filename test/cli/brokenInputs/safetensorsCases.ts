import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../../support/seededRandom';
import { type BrokenCase, type Loose, modelCase } from './brokenCase';
import { editHeader, readParts, writeParts } from './safetensorsFile';

const weights = 'model.safetensors';
const embedding = 'model.embed_tokens.weight';

function onFile(name: string, change: (file: string) => void): BrokenCase {
  return modelCase(`safetensors: ${name}`, (model) => change(path.join(model, weights)), weights);
}

function content(name: string, bytes: (sound: Buffer) => string | Uint8Array): BrokenCase {
  return onFile(name, (file) => writeFileSync(file, bytes(readFileSync(file))));
}

function header(name: string, edit: (header: Loose, data: Buffer) => void, names = weights): BrokenCase {
  return { ...onFile(name, (file) => editHeader(file, edit)), names };
}

function headerText(name: string, text: (sound: string) => string | Buffer): BrokenCase {
  return onFile(name, (file) => {
    const parts = readParts(file);
    writeParts(file, text(JSON.stringify(parts.header)), parts.data, undefined);
  });
}

function entry(name: string, edit: (tensor: Loose) => void): BrokenCase {
  return header(name, (tensors) => edit(tensors[embedding]));
}

function replaced(name: string, make: (file: string) => void): BrokenCase {
  return onFile(name, (file) => {
    rmSync(file);
    make(file);
  });
}

function stated(name: string, length: bigint): BrokenCase {
  return onFile(name, (file) => {
    const { header: tensors, data } = readParts(file);
    writeParts(file, JSON.stringify(tensors), data, length);
  });
}

function noise(length: number): Uint8Array {
  const random = seededRandom(7);
  return Uint8Array.from({ length }, () => Math.floor(random.uniform() * 256));
}

export const safetensorsCases: readonly BrokenCase[] = [
  content('empty file', () => ''),
  content('seven bytes', () => 'seven b'),
  content('a length and nothing else', (sound) => sound.subarray(0, 8)),
  content('cut inside the header', (sound) => sound.subarray(0, 500)),
  content('cut in the middle', (sound) => sound.subarray(0, sound.length >> 1)),
  content('one byte short', (sound) => sound.subarray(0, sound.length - 1)),
  content('bytes after the end', (sound) => Buffer.concat([sound, Buffer.alloc(100)])),
  content('noise', () => noise(5000)),
  content('zeros', () => Buffer.alloc(4096)),
  content('a Git LFS pointer', () =>
    ['version https://git-lfs.github.com/spec/v1', `oid sha256:${'ab'.repeat(32)}`, 'size 247432', ''].join('\n'),
  ),
  content('an HTML page', () => '<!DOCTYPE html><html><body>404 Not Found</body></html>'.repeat(20)),
  content('a pickle', () => Buffer.concat([Buffer.from('PK\x03\x04archive/data.pkl'), Buffer.alloc(200)])),
  content('gzipped', (sound) => gzipSync(sound)),
  stated('header length beyond the file', 1n << 30n),
  stated('header length of 2^63', 1n << 63n),
  stated('header length of 2^64 - 1', (1n << 64n) - 1n),
  stated('header length 0', 0n),
  stated('header length cuts the header', 100n),
  onFile('header length of 4 GB in a file of 5 GB', (file) => {
    const { header: tensors, data } = readParts(file);
    writeParts(file, JSON.stringify(tensors), data, 4n << 30n);
    truncateSync(file, 5 * 2 ** 30);
  }),
  headerText('header is not JSON', () => '{"a": '),
  headerText('header is a list', () => '[]'),
  headerText('header is null', () => 'null'),
  headerText('header is a number', () => '17'),
  headerText('header is not UTF-8', (sound) => Buffer.from(sound.replace('embed', 'emb\u00e9d'), 'latin1')),
  headerText('header nested 100,000 deep', () => `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
  headerText('header of 300,000 empty tensors', () =>
    JSON.stringify(
      Object.fromEntries(
        Array.from({ length: 300_000 }, (_, i) => [`t${i}`, { dtype: 'F32', shape: [0], data_offsets: [0, 0] }]),
      ),
    ),
  ),
  headerText('a tensor twice', (sound) =>
    sound.replace('{', `{"${embedding}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},`),
  ),
  headerText('a key twice in one tensor', (sound) => sound.replace('"dtype":', '"dtype":"F16","dtype":')),
  header('metadata is a list', (tensors) => {
    tensors.__metadata__ = ['pt'];
  }),
  header(
    'a tensor name of a megabyte',
    (tensors) => {
      tensors['x'.repeat(2 ** 20)] = tensors[embedding];
      delete tensors[embedding];
    },
    embedding,
  ),
  entry('a tensor is a text', (tensor) => {
    for (const key of Object.keys(tensor)) delete tensor[key];
  }),
  entry('unknown type', (tensor) => {
    tensor.dtype = 'F31';
  }),
  entry('type is a number', (tensor) => {
    tensor.dtype = 32;
  }),
  entry('weights of whole numbers', (tensor) => {
    tensor.dtype = 'I32';
  }),
  entry('weights of truth values', (tensor) => {
    tensor.dtype = 'BOOL';
  }),
  entry('no type', (tensor) => {
    delete tensor.dtype;
  }),
  entry('no shape', (tensor) => {
    delete tensor.shape;
  }),
  entry('no offsets', (tensor) => {
    delete tensor.data_offsets;
  }),
  entry('shape is a number', (tensor) => {
    tensor.shape = 48;
  }),
  entry('negative extent', (tensor) => {
    tensor.shape = [-409, -48];
  }),
  entry('fractional extent', (tensor) => {
    tensor.shape = [409.5, 48];
  }),
  entry('extents whose product overflows', (tensor) => {
    tensor.shape = [2 ** 40, 2 ** 40];
  }),
  entry('extent of 1e300', (tensor) => {
    tensor.shape = [1e300, 48];
  }),
  entry('10,000 extents', (tensor) => {
    tensor.shape = new Array(10_000).fill(1);
  }),
  entry('shape is larger than its bytes', (tensor) => {
    tensor.shape = [410, 48];
  }),
  entry('offsets are texts', (tensor) => {
    tensor.data_offsets = tensor.data_offsets.map(String);
  }),
  entry('three offsets', (tensor) => {
    tensor.data_offsets.push(0);
  }),
  entry('negative offset', (tensor) => {
    tensor.data_offsets[0] = -4;
  }),
  entry('fractional offset', (tensor) => {
    tensor.data_offsets[0] += 0.5;
  }),
  entry('offsets beyond the file', (tensor) => {
    tensor.data_offsets = tensor.data_offsets.map((at: number) => at + 2 ** 40);
  }),
  entry('offsets beyond 2^53', (tensor) => {
    tensor.data_offsets = [2 ** 60, 2 ** 60 + 78_528];
  }),
  entry('offsets backwards', (tensor) => {
    tensor.data_offsets.reverse();
  }),
  header('two tensors in the same bytes', (tensors) => {
    const norms = Object.keys(tensors).filter((name) => name.includes('layernorm'));
    tensors[norms[0]!].data_offsets = tensors[norms[1]!].data_offsets;
  }),
  replaced('a folder of that name', (file) => mkdirSync(file)),
  replaced('a pipe', (file) => execFileSync('mkfifo', [file])),
  replaced('a device', (file) => symlinkSync('/dev/zero', file)),
  replaced('a link to itself', (file) => symlinkSync(weights, file)),
  replaced('a link to nothing', (file) => symlinkSync('nowhere.safetensors', file)),
];
