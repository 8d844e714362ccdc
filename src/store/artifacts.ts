/**
 * Results that are costly and small enough to be kept whole: factors, null scores, row scores, retraining results. Each is
 * found by the hash of its kind and of everything that it depends on, so it is computed once.
 *
 * `artifacts/KIND/HASH.json` says what it is and names its tensors' file (`HASH-RANDOM.safetensors`). The JSON is written
 * last: an artifact is there whole or not at all, and of two writers one wins.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readExactly, withFile } from '../data/fileAccess';
import { canonicalJson } from '../data/hash';
import { readSafetensorsHeader } from '../data/safetensors/safetensorsHeader';
import type { TensorLocation } from '../data/safetensors/types';
import { type TensorToWrite, writeSafetensors } from '../data/safetensors/writeSafetensors';
import { makeFolder } from '../data/writeFile';
import { inputError, internalError, UserError } from '../protocol/errors';
import { isJsonObject, type JsonObject } from '../protocol/json';
import { version } from '../protocol/version';
import { markUsed, readStoredJson, writeStoredJson } from './storedJson';
import { prepareStore, type StoreSettings } from './storeFolder';
import { requireRoom } from './storeSize';

export const artifactSchema = 'whence.artifact/1';
const readChunkBytes = 32 << 20;

export type ArtifactArray = Float32Array | Float64Array;

export interface ArtifactTensor {
  readonly shape: readonly number[];
  readonly data: ArtifactArray;
}

/** A tensor that is made when its turn to be written comes, so that only one is in memory. */
export interface LazyArtifactTensor {
  readonly shape: readonly number[];
  readonly element: 'float32' | 'float64';
  readonly read: () => ArtifactArray | Promise<ArtifactArray>;
}

export interface Artifact {
  readonly tensors: ReadonlyMap<string, ArtifactTensor>;
  readonly metadata: JsonObject;
}

/** An artifact of which nothing but its description has been read. */
export interface OpenArtifact {
  readonly metadata: JsonObject;
  /** Shapes by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** @throws UserError `artifact-damaged` */
  readTensor(name: string): Promise<ArtifactTensor>;
}

export interface Artifacts {
  /** undefined: there is none of this kind and key. A damaged one is reported through `onProblem` and counts as none. */
  readArtifact(kind: string, key: JsonObject): Promise<Artifact | undefined>;
  /** For artifacts larger than memory should hold: tensors are read one by one. */
  openArtifact(kind: string, key: JsonObject): Promise<OpenArtifact | undefined>;
  /** Replaces an earlier one. @throws UserError `store-full`, `write-failed` */
  writeArtifact(
    kind: string,
    key: JsonObject,
    tensors: ReadonlyMap<string, ArtifactTensor | LazyArtifactTensor>,
    metadata: JsonObject,
  ): Promise<void>;
}

/** Hex: SHA-256 of kind and key, shortened to 160 bits. */
export function artifactHash(kind: string, key: JsonObject): string {
  return createHash('sha256').update(canonicalJson({ kind, key })).digest('hex').slice(0, 40);
}

/** @param onProblem is told of artifacts that cannot be used any more */
export async function openArtifacts(
  storeFolder: string,
  settings: StoreSettings,
  onProblem: (problem: UserError) => void,
): Promise<Artifacts> {
  await prepareStore(storeFolder);
  const placeOf = (kind: string, key: JsonObject): { folder: string; hash: string; file: string } => {
    if (!/^[a-z0-9][a-z0-9-]{0,60}$/i.test(kind)) throw internalError(`"${kind}" is no kind of artifact`);
    const folder = path.join(storeFolder, 'artifacts', kind);
    const hash = artifactHash(kind, key);
    return { folder, hash, file: path.join(folder, `${hash}.json`) };
  };

  const usable = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'artifact-damaged') throw error;
      onProblem(error);
      return undefined;
    }
  };

  return {
    async openArtifact(kind, key) {
      const { file, folder, hash } = placeOf(kind, key);
      if (!existsSync(file)) return undefined;
      return usable(() => openStored(file, folder, hash));
    },

    async readArtifact(kind, key) {
      const { file, folder, hash } = placeOf(kind, key);
      if (!existsSync(file)) return undefined;
      return usable(async () => {
        const open = await openStored(file, folder, hash);
        const tensors = new Map<string, ArtifactTensor>();
        for (const name of open.shapes.keys()) tensors.set(name, await open.readTensor(name));
        return { tensors, metadata: open.metadata };
      });
    },

    async writeArtifact(kind, key, tensors, metadata) {
      const { folder, hash, file } = placeOf(kind, key);
      makeFolder(folder);
      requireRoom(
        storeFolder,
        [...tensors.values()].reduce((sum, tensor) => sum + byteLengthOf(tensor), 0),
        settings,
      );
      const earlier = readStoredJson(file);
      const digests: Record<string, string> = {};
      const tensorFile = `${hash}-${randomBytes(4).toString('hex')}.safetensors`;
      if (tensors.size > 0) {
        const toWrite = [...tensors].map(([name, tensor]) =>
          tensorToWrite(name, tensor, (digest) => {
            digests[name] = digest;
          }),
        );
        await writeSafetensors(path.join(folder, tensorFile), toWrite, { format: 'pt' });
      }
      await writeStoredJson(file, {
        schema: artifactSchema,
        version,
        kind,
        key,
        metadata,
        file: tensors.size > 0 ? tensorFile : null,
        sha256: digests,
        written: new Date().toISOString(),
      });
      if (earlier instanceof UserError) return;
      if (typeof earlier.file === 'string' && isTensorFileOf(hash, earlier.file))
        rmSync(path.join(folder, earlier.file), { force: true });
    },
  };
}

/** Whether a file name is that of an artifact's tensors. */
export function isTensorFileOf(hash: string, name: string): boolean {
  return name.startsWith(`${hash}-`) && /^[0-9a-f]+-[0-9a-f]{8}\.safetensors$/.test(name);
}

function elementOf(tensor: ArtifactTensor | LazyArtifactTensor): 'float32' | 'float64' {
  if ('element' in tensor) return tensor.element;
  return tensor.data instanceof Float64Array ? 'float64' : 'float32';
}

function byteLengthOf(tensor: ArtifactTensor | LazyArtifactTensor): number {
  return tensor.shape.reduce((product, length) => product * length, elementOf(tensor) === 'float64' ? 8 : 4);
}

function tensorToWrite(
  name: string,
  tensor: ArtifactTensor | LazyArtifactTensor,
  onDigest: (digest: string) => void,
): TensorToWrite {
  return {
    name,
    dtype: elementOf(tensor) === 'float64' ? 'F64' : 'F32',
    shape: tensor.shape,
    read: async () => {
      const data = 'read' in tensor ? await tensor.read() : tensor.data;
      onDigest(digestOf(data));
      return data;
    },
  };
}

function digestOf({ buffer, byteOffset, byteLength }: ArtifactArray): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}

function damaged(file: string, problem: string): UserError {
  return inputError(
    'artifact-damaged',
    `${file} is left out: ${problem}.`,
    'Run the same command again: it is computed anew and replaced.',
  );
}

async function openStored(file: string, folder: string, hash: string): Promise<OpenArtifact> {
  const value = readStoredJson(file);
  if (value instanceof UserError) throw damaged(file, 'it cannot be read as JSON');
  const { schema, metadata, sha256, file: tensorFile } = value;
  if (schema !== artifactSchema || !isJsonObject(metadata) || !isJsonObject(sha256))
    throw damaged(file, 'it does not describe an artifact');
  const locations = await locateTensors(file, folder, hash, tensorFile ?? null);
  if (locations.size !== Object.keys(sha256).length) throw damaged(file, 'its tensors are not those it names');
  markUsed(file);
  return {
    metadata,
    shapes: new Map([...locations].map(([name, { shape }]) => [name, shape])),
    async readTensor(name) {
      const location = locations.get(name);
      if (location === undefined) throw internalError(`there is no tensor "${name}" in ${file}`);
      const data = await readValues(location, file);
      if (digestOf(data) !== sha256[name]) throw damaged(file, `its tensor "${name}" is not the one that was written`);
      return { shape: location.shape, data };
    },
  };
}

async function locateTensors(
  file: string,
  folder: string,
  hash: string,
  tensorFile: JsonObject[string],
): Promise<ReadonlyMap<string, TensorLocation>> {
  if (tensorFile === null) return new Map();
  if (typeof tensorFile !== 'string' || !isTensorFileOf(hash, tensorFile))
    throw damaged(file, 'it names a file that cannot be its own');
  try {
    return (await readSafetensorsHeader(path.join(folder, tensorFile))).tensors;
  } catch (error) {
    if (error instanceof UserError) throw damaged(file, error.message.replace(/\.$/, ''));
    throw error;
  }
}

async function readValues(
  { name, dtype, file, offset, byteLength }: TensorLocation,
  of: string,
): Promise<ArtifactArray> {
  if (dtype !== 'F32' && dtype !== 'F64') throw damaged(of, `its tensor "${name}" has the type ${dtype}`);
  let data: ArtifactArray;
  try {
    data = dtype === 'F64' ? new Float64Array(byteLength / 8) : new Float32Array(byteLength / 4);
  } catch (error) {
    if (error instanceof RangeError) throw damaged(of, `its tensor "${name}" does not fit into memory`);
    throw error;
  }
  const bytes = new Uint8Array(data.buffer);
  try {
    for (let done = 0; done < bytes.length; done += readChunkBytes) {
      // Lets progress and a cancellation in between.
      if (done > 0) await new Promise((resolve) => setImmediate(resolve));
      withFile(file, (open) => readExactly(open, bytes.subarray(done, done + readChunkBytes), offset + done));
    }
  } catch (error) {
    if (error instanceof UserError) throw damaged(of, error.message.replace(/\.$/, ''));
    throw error;
  }
  return data;
}
