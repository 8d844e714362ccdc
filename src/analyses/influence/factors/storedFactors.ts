import type { JsonObject } from '../../../protocol/json';
import type { Artifacts, ArtifactTensor } from '../../../store/artifacts';
import { decodeHalfRows, encodeHalfRows } from '../../../store/halfRows';
import type { Columns } from '../gradients/columns';
import type { Eigenbasis, Factors } from './factors';
import type { FitSettings } from './fitFactors';

const kind = 'factors';

/** Two halves in the bits of each float32, then the scale of each row. */
function packedLength(size: number): number {
  return Math.ceil((size * size) / 2) + size;
}

/** An orthonormal basis as halves: what is rounded is a two-thousandth of an element, far below what a sample of rows knows. */
function packHalves(vectors: Float32Array, size: number): Float32Array {
  const packed = new Float32Array(packedLength(size));
  const scales = packed.subarray(packed.length - size);
  encodeHalfRows(vectors, size, 0, size, new Uint16Array(packed.buffer, 0, size * size), scales, 0);
  return packed;
}

function unpackHalves(packed: Float32Array, size: number): Float32Array {
  const { buffer, byteOffset, length } = packed;
  const vectors = new Float32Array(size * size);
  const halves = new Uint16Array(buffer, byteOffset, size * size);
  decodeHalfRows(halves, packed.subarray(length - size), size, 0, size, vectors);
  return vectors;
}

/** Factors kept under `key`, or undefined. */
export async function readFactors(
  artifacts: Artifacts,
  key: JsonObject,
  settings: FitSettings,
  columns: Columns,
): Promise<Factors | undefined> {
  const found = await artifacts.readArtifact(kind, key);
  const lambda = found?.tensors.get('lambda')?.data;
  if (found === undefined || !(lambda instanceof Float32Array) || lambda.length !== columns.width) return undefined;
  const bases = new Map<string, Eigenbasis>();
  const basis = (name: unknown, size: number): Eigenbasis | undefined => {
    if (typeof name !== 'string') return undefined;
    const data = found.tensors.get(name)?.data;
    if (!(data instanceof Float32Array) || data.length !== packedLength(size)) return undefined;
    const known = bases.get(name) ?? { size, vectors: unpackHalves(data, size) };
    bases.set(name, known);
    return known;
  };
  const names = found.metadata.bases as JsonObject;
  const modules = columns.list.flatMap(({ name, inputSize, outputSize }) => {
    const pair = names[name] as JsonObject | undefined;
    const input = basis(pair?.input, inputSize);
    const output = basis(pair?.output, outputSize);
    return input === undefined || output === undefined ? [] : [{ input, output }];
  });
  if (modules.length !== columns.list.length) return undefined;
  return { kind: settings.kind, labels: settings.labels, columns, modules, lambda };
}

/** Keeps factors, bases as halves; a basis that modules share is kept once. */
export async function writeFactors(artifacts: Artifacts, key: JsonObject, factors: Factors): Promise<void> {
  const tensors = new Map<string, ArtifactTensor>();
  const known = new Map<Float32Array, string>();
  const nameOf = ({ size, vectors }: Eigenbasis): string => {
    const name = known.get(vectors) ?? `basis ${known.size}`;
    known.set(vectors, name);
    tensors.set(name, { shape: [packedLength(size)], data: packHalves(vectors, size) });
    return name;
  };
  const bases = Object.fromEntries(
    factors.columns.list.map(({ name }, i) => {
      const { input, output } = factors.modules[i]!;
      return [name, { input: nameOf(input), output: nameOf(output) }];
    }),
  );
  tensors.set('lambda', { shape: [factors.lambda.length], data: factors.lambda });
  await artifacts.writeArtifact(kind, key, tensors, { bases });
}
