/** The safetensors format (https://github.com/huggingface/safetensors): element types, and where tensors lie in files. */
export type SafetensorsDtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL'
  | 'F8_E4M3'
  | 'F8_E5M2';

/** Where a tensor's bytes lie, row-major, little-endian. */
export interface TensorLocation {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Real path (links resolved). */
  readonly file: string;
  readonly offset: number;
  readonly byteLength: number;
}
