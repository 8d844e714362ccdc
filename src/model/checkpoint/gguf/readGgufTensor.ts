/** Reads one GGUF tensor as float32 under its Hugging Face layout: de-quantised chunk by chunk, rows put back in place. */
import { readExactly, withFile } from '../../../data/fileAccess';
import { allocateFloat32 } from '../readTensor';
import type { GgufLayout, StoredTensor } from '../types';
import { dequantize } from './dequantize';
import { ggufTypes } from './ggufTypes';

type GgufStoredTensor = Extract<StoredTensor, { kind: 'gguf' }>;

const chunkElements = 1 << 20;

/** Row-major values in the order of `tensor.shape`; holds the result and one chunk. */
export async function readGgufTensor(tensor: GgufStoredTensor): Promise<Float32Array> {
  const { blockElements, blockBytes } = ggufTypes[tensor.type];
  const values = allocateFloat32(tensor.file, tensor.name, (tensor.byteLength / blockBytes) * blockElements);
  // As stored: rows of `rowLength`; a vector is a column, so that what permutes rows permutes its elements too.
  const storedShape = tensor.layout.kind === 'transposed' ? tensor.shape.toReversed() : tensor.shape;
  const rowLength = storedShape.length < 2 ? 1 : storedShape.at(-1)!;
  const rowCount = rowLength === 0 ? 0 : values.length / rowLength;
  // Chunks are whole blocks and whole rows: rows are whole blocks, except in a vector, which is one chunk.
  const chunkRows = rowLength === 1 ? rowCount : Math.max(1, Math.floor(chunkElements / rowLength));
  withFile(tensor.file, (open) => {
    for (let row = 0; row < rowCount; row += chunkRows) {
      const rows = Math.min(chunkRows, rowCount - row);
      const bytes = new Uint8Array(((rows * rowLength) / blockElements) * blockBytes);
      readExactly(open, bytes, tensor.offset + ((row * rowLength) / blockElements) * blockBytes);
      if (tensor.layout.kind === 'asIs') {
        dequantize(tensor.type, bytes, values.subarray(row * rowLength, (row + rows) * rowLength));
      } else {
        const chunk = new Float32Array(rows * rowLength);
        dequantize(tensor.type, bytes, chunk);
        placeRows(tensor.layout, { chunk, firstRow: row, rowLength, rowCount }, values);
      }
    }
  });
  return values;
}

interface Rows {
  readonly chunk: Float32Array;
  readonly firstRow: number;
  readonly rowLength: number;
  readonly rowCount: number;
}

function placeRows(layout: GgufLayout, rows: Rows, values: Float32Array): void {
  const { chunk, firstRow, rowLength, rowCount } = rows;
  const start = firstRow * rowLength;
  if (layout.kind === 'plusOne') {
    for (let index = 0; index < chunk.length; index += 1) values[start + index] = chunk[index]! - 1;
    return;
  }
  for (let row = 0; row < chunk.length / rowLength; row += 1) {
    const source = chunk.subarray(row * rowLength, (row + 1) * rowLength);
    if (layout.kind === 'transposed') {
      for (let column = 0; column < rowLength; column += 1)
        values[column * rowCount + firstRow + row] = source[column]!;
    } else {
      values.set(source, targetRow(layout, firstRow + row, rowCount) * rowLength);
    }
  }
}

/** Where a stored row belongs. `rowCount` is a multiple of the number of heads (checked when the file was opened). */
function targetRow(layout: GgufLayout, row: number, rowCount: number): number {
  if (layout.kind === 'permutedHeads') {
    // Stored: head, pair i of d/2, half; wanted: head, half, pair.
    const perHead = rowCount / layout.heads;
    const head = Math.floor(row / perHead);
    const within = row % perHead;
    return head * perHead + (within % 2) * (perHead / 2) + Math.floor(within / 2);
  }
  if (layout.kind === 'gatheredQkv') {
    // Stored: q/k/v, head, element; wanted: head, q/k/v, element.
    const perPart = rowCount / 3;
    const perHead = perPart / layout.heads;
    const part = Math.floor(row / perPart);
    const head = Math.floor((row % perPart) / perHead);
    return (head * 3 + part) * perHead + (row % perHead);
  }
  return row;
}
