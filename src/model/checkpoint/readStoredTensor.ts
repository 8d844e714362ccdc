/** Reads any tensor of a checkpoint as float32, in the layout of its Hugging Face name. */
import { readGgufTensor } from './gguf/readGgufTensor';
import { readTensorFloat32 } from './readTensor';
import type { StoredTensor } from './types';

export async function readStoredTensor(tensor: StoredTensor): Promise<Float32Array> {
  return tensor.kind === 'plain' ? readTensorFloat32(tensor.location) : readGgufTensor(tensor);
}
